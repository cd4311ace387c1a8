"""Names of the product itself for shell completion, read from its source without importing it.

A shell waits at every press of the key: importing every program's rules, the facts and the read
models takes several times as long as looking up their names in the text.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
_TOPIC = re.compile(r"^    TOPIC = ", re.MULTILINE)
_EXAMPLE = re.compile(r"^    EXAMPLE: ", re.MULTILINE)
_NAME = re.compile(r'^    (NAME|REPORT) = "([\w-]+)"$', re.MULTILINE)
_ROWS = re.compile(r"^def rows\(", re.MULTILINE)
_OWN_REPORT = re.compile(r'"([\w-]+)": OwnReport\(')
_PERIODS = re.compile(r"^    periods=(\w+)", re.MULTILINE)
_SUBJECT = re.compile(r'^    subject="([\w ]+)"', re.MULTILINE)


class Declared(NamedTuple):
    """What a program's folder declares: how it settles, and of what kinds its subjects are."""

    by_month: bool
    month_in_line: bool
    """Whether every line's name begins with its month."""
    subjects: tuple[str, ...]


def declared(rules: str) -> Declared:
    """What the folder of a program's rules declares."""
    text = _text(ROOT / "ledger" / "programs" / rules / "program.py")
    periods = match[1] if (match := _PERIODS.search(text)) else ""
    subjects = match[1].split(" or ") if (match := _SUBJECT.search(text)) else ()
    return Declared(periods in ("BY_MONTH", "MONTH_OR_ALL"), periods == "BY_MONTH", (*subjects,))


def fact_types() -> list[str]:
    """Every type of fact: what is recorded under a topic and has an example."""
    names = []
    for path in (ROOT / "ledger" / "aggregates").glob("*.py"):
        for body in re.split(r"^class ", _text(path), flags=re.MULTILINE)[1:]:
            if _TOPIC.search(body) and _EXAMPLE.search(body):
                names.append(re.split(r"\W", body, maxsplit=1)[0])
    return sorted(names)


def views() -> list[str]:
    """Every read model, by the name of its table."""
    return sorted(name for view in _views() for kind, name in view if kind == "NAME")


def reports() -> list[str]:
    """Every report, by its name."""
    named = {dict(view).get("REPORT") or dict(view)["NAME"] for view in _views()}
    folder = ROOT / "projections" / "reports"
    worked_out = {path.stem for path in folder.glob("*.py") if _ROWS.search(_text(path))}
    programs = (ROOT / "ledger" / "programs").glob("*/program.py")
    own = {name for path in programs for name in _OWN_REPORT.findall(_text(path))}
    return sorted(named | worked_out | own)


def _views() -> Iterator[list[tuple[str, str]]]:
    """Per read model, the names of its table and report."""
    for path in (ROOT / "projections").glob("*.py"):
        for body in re.split(r"^class ", _text(path), flags=re.MULTILINE)[1:]:
            pairs = _NAME.findall(body)
            if any(kind == "NAME" for kind, _ in pairs):
                yield pairs


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
