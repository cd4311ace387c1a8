"""Whatever is recorded, a terminal is told nothing by it, and a line stays a line."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Duebook = Callable[..., Any]
AT = "2026-01-05T00:00:00Z"
HOSTILE = "x\x1b[2J\x9b\x7f\nP-9  forged\r\u202e\u2028\u2066\ufe0f\U000e0001[red][link=http://a]y"
BY = f"lin{HOSTILE}"
ASKED: list[tuple[str, ...]] = [
    ("report", "partners"),
    ("report", "activity"),
    ("report", "partners", "--where", f"name={HOSTILE}"),
    ("report", HOSTILE),
    ("log",),
    ("log", f"partner:{HOSTILE}"),
    ("show", "partner:P-1"),
    ("show", HOSTILE),
    ("query", "select name from partners"),
    ("query", f'select 1 as "{HOSTILE}"'),
    ("query", f"select '{HOSTILE}' from {HOSTILE}"),
    ("settle", HOSTILE),
    ("explain", HOSTILE),
    ("programs", HOSTILE),
    ("record", "again.ndjson"),
    ("record", f"{HOSTILE}.ndjson"),
    ("orders", "again.ndjson"),
    ("withdraw", "14", "--reason", HOSTILE, "--by", HOSTILE),
    (HOSTILE,),
    ("report", f"--{HOSTILE}"),
]


@pytest.fixture
def hostile(empty: object, duebook: Duebook, file: Callable[..., str]) -> Duebook:
    """A book in which somebody has written whatever a text may hold."""
    facts: list[dict[str, Any]] = [
        {"type": "PartnerCertified", "at": AT, "partner": "P-1", "name": HOSTILE},
        {"type": "PartnerTerminated", "at": AT, "partner": "P-1", "reason": "other"},
    ]
    assert duebook("record", file(facts), "--by", BY).code == 0
    file([{"type": HOSTILE, "at": AT}, {"type": "StoreVerified", HOSTILE: 1}], "again.ndjson")
    return duebook


@pytest.mark.parametrize("arguments", ASKED, ids=lambda one: ascii(" ".join(one))[:50])
@pytest.mark.parametrize("format_", ["table", "json", "csv", "ndjson"])
def test_what_an_answer_and_its_talk_say_can_be_seen(
    hostile: Duebook, arguments: tuple[str, ...], format_: str
) -> None:
    """No character that a terminal obeys; line breaks only between lines, or in quoted CSV."""
    ran = hostile(*arguments, "--format", format_)
    for text in (ran.out, ran.err):
        rest = text.replace("\n", "")
        rest = rest.replace("\r", "") if format_ == "csv" else rest
        assert rest.isprintable(), ascii(text)
    for text in (ran.err,) if format_ == "csv" else (ran.out, ran.err):
        assert not any(line.startswith("P-9") for line in text.splitlines())
    assert "itself failed" not in ran.err


def test_json_keeps_what_was_said(hostile: Duebook) -> None:
    """The same text, in escapes."""
    (row,) = hostile("report", "partners", "--format", "json").json
    assert row["name"] == HOSTILE
    (row,) = map(json.loads, hostile("report", "partners", "--format", "ndjson").out.splitlines())
    assert row["name"] == HOSTILE


def test_a_tree_takes_nothing_for_a_colour_or_a_link(
    demo: object, duebook: Duebook, file: Callable[..., str]
) -> None:
    """Names of files in `explain`."""
    fact = {"type": "StoreVerified", "at": AT, "store": "S-1001"}
    name = file([fact], "[red]a[link=http:b].ndjson")
    assert duebook("record", name).code == 0
    assert name in duebook("explain", "recruiting-eu-jp-2026q1/S-1001").out
