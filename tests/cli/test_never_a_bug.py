"""Whatever a file or an argument holds, it is a refusal or a rejection, never a failure of ours."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Duebook = Callable[..., Any]
File = Callable[..., str]
AT = "2026-01-01T00:00:00Z"
PROGRAM = "recruiting-eu-jp-2026q1"
LONG = [2**63, 2**64, 10**15 + 1, 10**400, 10**5000]


def _withdrawn(position: str) -> str:
    return f'{{"type": "FactWithdrawn", "at": "{AT}", "position": {position}, "reason": "x"}}\n'


@pytest.mark.parametrize("number", LONG[:4], ids=lambda one: f"{len(str(one))} digits")
def test_a_number_that_no_database_keeps_is_rejected(
    empty: Path, duebook: Duebook, file: File, number: int
) -> None:
    """A position, a count, and one inside of another field; in CSV too."""
    enrolled = {"type": "MerchantEnrolled", "at": AT, "program": "p", "merchant": "M", "store": "S"}
    enrolled |= {"promised": {"aigc": number}}  # type: ignore[dict-item]
    gmv = {"type": "GMVRecorded", "at": AT, "store": "S", "day": "2025-12-31", "amount": "1.00"}
    gmv |= {"currency": "EUR", "basis": "settled", "orders": number}  # type: ignore[dict-item]
    told = _withdrawn(str(number)) + json.dumps(enrolled) + "\n" + json.dumps(gmv) + "\n"
    ran = duebook("record", file(told), "--format", "json")
    assert [one["code"] for one in ran.json["rejected"]] == ["invalid_field"] * 3
    csv = f"type,at,position,reason\nFactWithdrawn,{AT},{number},x\n"
    ran = duebook("record", file(csv, "w.csv"), "--format", "json")
    assert [one["code"] for one in ran.json["rejected"]] == ["invalid_field"]


ODD_LINES = [
    _withdrawn("1" * 5000),
    '{"type": "\\ud800", "at": "2026-01-01T00:00:00Z"}\n',
    '{"type": "StoreVerified", "at": "2026-01-01T00:00:00Z", "\\ud800": 1}\n',
    '{"type": "StoreVerified", "at": "\\ud800", "store": "S"}\n',
    '{"type": "StoreVerified", "at": "2026-01-01T00:00:00Z", "store": "S", "by": "\\udcff"}\n',
    '{"type": "StoreVerified", "at": "2026-01-01T00:00:00Z", "store": "\\ud800"}\n',
    "[" * 100_000 + "\n",
    '{"a":' * 3000 + "1" + "}" * 3000 + "\n",
    '{"type": ' + "[" * 150 + "]" * 150 + "}\n",
    '{"type": {"a": 1}, "at": []}\n',
    '{"type": "StoreVerified", "at": 1e999}\n',
    "\ufffe\ud7ff\n",
]


@pytest.mark.parametrize("line", ODD_LINES, ids=lambda one: ascii(one)[:40])
@pytest.mark.parametrize("answer", [(), ("--format", "json"), ("--format", "csv"), ("-o", "a.csv")])
def test_an_odd_line_is_rejected_in_every_format_of_the_answer(
    empty: Path, duebook: Duebook, file: File, line: str, answer: tuple[str, ...]
) -> None:
    """Halves of characters, nesting, numbers without an end; also into a file to be mended."""
    name = file(line)
    for more in ((), ("--rejects", "mend.ndjson")):
        ran = duebook("record", name, *answer, *more)
        assert "itself failed" not in ran.err, ran.err
        assert ran.code in (0, 1)


TERMS = [
    "x = " + "[" * 3000 + "]" * 3000,
    "x = " + "[" * 100 + "]" * 100,
    "x = " + "{a = " * 2000 + "1" + "}" * 2000,
    ".".join("a" * 900) + " = 1",
    "[" + ".".join("a" * 900) + "]",
    "version = " + "9" * 5000,
    "version = 99999999999999999999",
    'program = "--help"',
    'x = "\\ud800"',
    "x = 1979-05-27T07:32:00",
    "x = 9999-99-99",
    "\ufeff\ufeff",
]


@pytest.mark.parametrize("terms", TERMS, ids=lambda one: ascii(one)[:40])
def test_terms_that_are_none_are_refused(
    empty: Path, duebook: Duebook, file: File, terms: str
) -> None:
    """Published and tried alike."""
    whole = duebook("programs", PROGRAM, "--format", "toml").out
    key = terms.partition(" ")[0]
    lines = [one for one in whole.splitlines() if not one.startswith(f"{key} =")]
    name = file("\n".join([terms, *lines]), "t.toml")
    for command in (("publish", name, "--by", "x"), ("settle", PROGRAM, "--terms", name)):
        ran = duebook(*command)
        assert ran.code == 1
        assert "itself failed" not in ran.err


@pytest.mark.parametrize(
    "command",
    [
        [b"log", b"store:\xff"],
        [b"show", b"\xff"],
        [b"settle", b"\xff"],
        [b"report", b"stores", b"--where", b"store=\xff"],
        [b"query", b"select '\xff'"],
        [b"\xff"],
    ],
)
def test_an_argument_that_is_not_utf_8_is_wrong_usage(empty: Path, command: list[bytes]) -> None:
    """Whatever it is of."""
    program = Path(sys.executable).parent / "duebook"
    ran = subprocess.run([program, *command], capture_output=True, cwd=empty.parent, check=False)
    assert ran.returncode == 2
    assert b"not UTF-8" in ran.stderr
