"""The page that a run writes."""

from __future__ import annotations

from cli_program import ODD_SERVER, Program, started

FEW = ("--examples", "1", "-k", "reply.prompt or reply.identity")


def test_the_report_is_written_and_told(program: Program) -> None:
    ran = program("run", "--backend", "epoll", *FEW, "--report", "some/folder")
    assert ran.code == 0, ran.text
    file = program.folder / "some" / "folder" / "index.html"
    assert ran.stdout.splitlines()[-1] == f"report: {file}"
    page = file.read_text()
    assert "epoll is conformant" in page
    assert "reply.prompt" in page


def test_the_report_of_a_broken_server_has_its_failure(program: Program) -> None:
    ran = program("run", "--command", started(ODD_SERVER, "coloured"), *FEW, "--report", "report")
    assert ran.code == 1, ran.text
    page = (program.folder / "report" / "index.html").read_text()
    assert 'class="failure"' in page
    assert "<svg role" in page
    assert "\x1b" not in page


def test_a_report_that_cannot_be_written_is_told_in_a_line_after_the_verdict(program: Program) -> None:
    (program.folder / "file").touch()
    ran = program("run", "--backend", "epoll", *FEW, "--report", "file/report")
    assert ran.code == 3, ran.text
    assert "epoll: conformant" in ran.stdout
    assert ran.stderr == f"cannot write the report {program.folder}/file/report: Not a directory\n"


def test_a_file_where_the_folder_would_be_is_told_before_anything_runs(program: Program) -> None:
    (program.folder / "file").touch()
    ran = program("run", "--backend", "epoll", *FEW, "--report", "file")
    assert ran.code == 2
    assert "'file' is a file" in ran.stderr
