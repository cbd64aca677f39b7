"""The HTML report in a browser: filtered, walked through by mouse and by keyboard, in the dark, and silent.

The browser and its driver are Debian's packages `chromium` and `chromium-driver`. Where they are missing these tests
are skipped; CI has them.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from html_runs import REQUIREMENT, failure, result, run_of, script_of
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from conformance.report.html_report import write_html
from conformance.report.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.remote.webelement import WebElement

WITHIN_S = 300
PROGRAMS = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
MISSING = [name for name, path in PROGRAMS.items() if path is None]


class Reader:
    """Somebody who reads the report."""

    def __init__(self, browser: webdriver.Chrome, file: Path) -> None:
        self.browser = browser
        self._address = file.as_uri()

    def open(self, fragment: str = "") -> None:
        self.browser.get("about:blank")  # so that another fragment is another visit
        self.browser.get(self._address + fragment)

    def one(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def shown(self, selector: str) -> list[WebElement]:
        return [each for each in self.browser.find_elements(By.CSS_SELECTOR, selector) if each.is_displayed()]

    def clauses(self) -> list[str]:
        return [row.get_attribute("data-id") or "" for row in self.shown("tr[data-id]")]

    def failures(self) -> list[str]:
        return [each.get_attribute("id") or "" for each in self.shown("details.failure")]

    def opened(self) -> list[str]:
        return [each.get_attribute("id") or "" for each in self.shown("details.failure[open]")]

    def choose(self, name: str, value: str) -> None:
        self.one(f'input[name="{name}"][value="{value}"]').click()

    def press(self, *keys: str) -> None:
        webdriver.ActionChains(self.browser).send_keys(*keys).perform()

    def run(self, script: str) -> Any:
        return self.browser.execute_script(script)

    def emulate(self, **features: str) -> None:
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": named})

    @property
    def fragment(self) -> str:
        return str(self.run("return location.hash"))

    @property
    def told(self) -> str:
        return self.one("#shown").text


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    if MISSING:
        reason = f"no {' and no '.join(MISSING)} here (Debian: apt-get install chromium chromium-driver)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    options = webdriver.ChromeOptions()
    options.binary_location = str(PROGRAMS["chromium"])
    words = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
    for word in [*words, "--window-size=1360,1000", *(["--no-sandbox"] if os.geteuid() == 0 else [])]:
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(PROGRAMS["chromedriver"]))
    try:
        driver.set_page_load_timeout(WITHIN_S)
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def reader(browser: webdriver.Chrome, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    said = failure(actual="<script>document.title = 'theirs'</script>", output="\"'><img src=x onerror=alert(1)>")
    folder = tmp_path_factory.mktemp("report")
    file = script_of("order.burst", folder, "print('again')\n")
    silence = failure(difference=None, trouble="silence", expected="a reply", reproducer=file)
    reader = Reader(
        browser,
        write_html(
            run_of(
                {
                    "epoll": [result("close.eof"), result("order.burst"), result("limits.backlog", level="SHOULD")],
                    "first": [
                        result("close.eof", Outcome.FAIL, failure=said),
                        result("order.burst"),
                        result("limits.backlog", Outcome.UNOBSERVED, level="SHOULD"),
                    ],
                    "second": [
                        result("close.eof"),
                        result("order.burst", Outcome.FAIL, failure=silence, requirement="Many messages at once."),
                        result("limits.backlog", Outcome.FAIL, level="SHOULD"),
                    ],
                    "third": [result("close.eof"), result("order.burst"), result("limits.backlog", level="SHOULD")],
                }
            ),
            folder,
        ),
    )
    reader.emulate(prefers_color_scheme="light", prefers_reduced_motion="reduce")
    return reader


@pytest.fixture(autouse=True)
def _nothing_is_complained_of(browser: webdriver.Chrome) -> Iterator[None]:
    """Nothing is in the console after a test, and nothing was asked of a network."""
    yield
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]
    for entry in browser.get_log("performance"):  # type: ignore[no-untyped-call]
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            assert message["params"]["request"]["url"].startswith(("file:", "about:"))


def test_it_opens_with_all_of_it(reader: Reader) -> None:
    reader.open()
    assert reader.browser.title == "4 targets: 2 nonconformant, 2 strict \u2013 echo-conformance"
    assert reader.clauses() == ["close.eof", "limits.backlog", "order.burst"]
    assert reader.failures() == ["f1", "f2", "f3"]
    assert reader.opened() == []
    assert reader.told == "3 of 3 clauses, 3 of 3 failures shown"


@pytest.mark.parametrize(
    ("chosen", "clauses", "failures"),
    [
        ({"chapter": "close"}, ["close.eof"], ["f1"]),
        ({"level": "SHOULD"}, ["limits.backlog"], ["f2"]),
        ({"outcome": "unobserved"}, ["limits.backlog"], []),
        ({"outcome": "fail", "level": "MUST"}, ["close.eof", "order.burst"], ["f1", "f3"]),
    ],
    ids=["chapter", "level", "outcome", "both"],
)
def test_filters(reader: Reader, chosen: dict[str, str], clauses: list[str], failures: list[str]) -> None:
    reader.open()
    for name, value in chosen.items():
        reader.choose(name, value)
    seen = (reader.clauses(), reader.failures(), reader.told)
    assert seen == (clauses, failures, f"{len(clauses)} of 3 clauses, {len(failures)} of 3 failures shown")
    assert all(f"{name}={value}" in reader.fragment for name, value in chosen.items())
    reader.open(reader.fragment)  # as somebody does who was given the address
    assert (reader.clauses(), reader.failures(), reader.told) == seen


def test_the_text_filter_finds_clauses_requirements_and_what_was_said(reader: Reader) -> None:
    reader.open()
    for text, clauses in (("BURST", ["order.burst"]), ("many messages", ["order.burst"]), ("theirs", ["close.eof"])):
        reader.press("/")
        reader.run("document.activeElement.select()")
        reader.press(text)
        assert reader.clauses() == clauses
    reader.press("nothing like it")
    assert reader.clauses() == []
    assert [each.text for each in reader.shown("#none")] == ["No clause matches these filters."]
    reader.one("#clear").click()
    assert len(reader.clauses()) == 3
    assert reader.fragment == ""


def test_a_cell_leads_to_its_failure(reader: Reader) -> None:
    reader.open("#chapter=close")
    reader.one("td.fail a").click()
    assert reader.opened() == ["f1"]
    assert reader.fragment == "#chapter=close&at=f1"
    opened = reader.one("#f1")
    assert reader.run("return document.activeElement.parentElement.id") == "f1"
    for part in (REQUIREMENT, "Expected", "Actual", "<script>document.title = 'theirs'</script>", "fails here"):
        assert part in opened.text
    marks = [mark.text.split()[-1] for mark in opened.find_elements(By.CSS_SELECTOR, "mark")]
    assert marks == ["0", "S"]
    assert opened.find_element(By.CSS_SELECTOR, "svg[role=img]").size["height"] > 100


def test_a_failure_is_opened_and_left_by_keyboard(reader: Reader) -> None:
    reader.open()
    seen = []
    for key in ("n", "n", "n", "n", "p"):
        reader.press(key)
        seen += reader.opened()
    assert seen == ["f1", "f2", "f3", "f1", "f3"]
    reader.press(Keys.ENTER)  # the summary has the focus
    assert reader.opened() == []
    reader.press(" ")
    assert reader.opened() == ["f3"]
    reader.one("#keys").click()
    reader.press("n")
    assert reader.opened() == ["f3"]


def test_the_keyboard_reaches_the_matrix(reader: Reader) -> None:
    reader.open()
    reader.press(Keys.TAB)
    assert reader.run("return document.activeElement.className") == "skip"
    reader.press(Keys.ENTER)
    assert reader.run("return document.activeElement.id") == "matrix"
    for _ in range(40):
        reader.press(Keys.TAB)
        if reader.run("return document.activeElement.closest('td.fail') !== null"):
            break
    reader.press(Keys.ENTER)
    assert reader.opened() == ["f1"]


def test_a_failure_is_where_its_address_says_without_a_filter_too(reader: Reader) -> None:
    reader.open("#f2")
    assert reader.opened() == ["f2"]


def test_other_outcomes_lead_to_their_reason(reader: Reader) -> None:
    reader.open()
    reader.one("td.unobserved a").click()
    assert "reason of unobserved" in reader.one("details.reason[open]").text


def test_the_command_and_the_reproducer_are_copied(reader: Reader) -> None:
    reader.open("#at=f3")
    reader.browser.set_permissions("clipboard-read", "granted")
    reader.one("#f3 .script summary").click()
    for part, start in (("again", "echo-conformance run "), ("script", "print('again')")):
        reader.one(f'[data-copy="f3-{part}"]').click()
        copied = reader.browser.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
        assert copied.startswith(start)
    assert reader.one("#said").text == "copied"


def test_it_follows_the_system_into_the_dark(reader: Reader) -> None:
    reader.open("#at=f1")
    brightness = {}
    for scheme in ("light", "dark"):
        reader.emulate(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
        colours = reader.run(COLOURS)
        brightness[scheme] = [sum(map(int, colour.strip("rgba()").split(",")[:3])) for colour in colours]
    reader.emulate(prefers_color_scheme="light", prefers_reduced_motion="reduce")
    page, text, drawn = zip(brightness["light"], brightness["dark"], strict=True)
    assert min(page[0], text[1], drawn[1]) > BRIGHT
    assert max(page[1], text[0], drawn[0]) < DARK


DARK, BRIGHT = 150, 600  # of 765
COLOURS = """
    const colour = (selector, name) => getComputedStyle(document.querySelector(selector))[name];
    return [colour("body", "backgroundColor"), colour("body", "color"), colour("#f1 svg .who", "fill")];
"""


def test_on_paper_all_failures_are_open(reader: Reader) -> None:
    reader.open()
    reader.run("dispatchEvent(new Event('beforeprint'))")
    assert reader.opened() == ["f1", "f2", "f3"]
    reader.run("dispatchEvent(new Event('afterprint'))")
    assert reader.opened() == []
