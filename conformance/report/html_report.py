"""The report for people: one HTML file that needs nothing else, no network above all.

All text reaches it through `hardened` and Jinja's escaping, and its policy (Content-Security-Policy) lets no script and
no style run but the file's own, and nothing be fetched.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from conformance.report.html_view import MARKS, Page
from conformance.report.outcome import SUITE, Run
from conformance.report.plain_text import hardened

FILE = "index.html"
WITH_SCRIPTS_CHARACTERS = 1_900_000  # reproducers are embedded up to this; there are links to the others
TICKED = re.compile("`([^`]+)`")
NOTHING_ELSE = "default-src 'none'; base-uri 'none'; form-action 'none'"


def write_html(run: Run, folder: Path) -> Path:
    """Write the report into `folder`, which is made where it is missing; gives the file.

    A report that was there stays whole until this one takes its place. Raises OSError where that cannot be done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = to_html(run, folder)
    file = folder / FILE
    unfinished = folder / f".{FILE}.{os.getpid()}"
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return file


def to_html(run: Run, folder: Path) -> str:
    """The report as text. The files that the run names (reproducers, captures) are sought from `folder`."""
    environment = Environment(
        loader=PackageLoader("conformance.report", "html"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["ticked"] = _ticked
    style, script = _source("style.css"), _source("script.js")
    policy = f"style-src {_hash(style)}; script-src {_hash(script)}"
    page = Page(run, folder)
    words = {"page": page, "run": run, "suite": SUITE, "marks": MARKS}
    words |= {"style": Markup(style), "script": Markup(script), "policy": f"{NOTHING_ELSE}; {policy}"}
    template = environment.get_template("page.html")
    text = template.render(words)
    return template.render(words) if page.embed_scripts(WITH_SCRIPTS_CHARACTERS - len(text)) else text


def _finalized(value: Any) -> Any:
    return value if isinstance(value, Markup) else hardened(str(value))


def _ticked(text: str) -> Markup:
    """Text in which what stands between backticks is code."""
    return Markup(TICKED.sub(r"<code>\1</code>", str(escape(hardened(text)))))


def _source(name: str) -> str:
    return resources.files("conformance.report").joinpath("html", name).read_text(encoding="utf-8")


def _hash(source: str) -> str:
    """As a policy names what may run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"
