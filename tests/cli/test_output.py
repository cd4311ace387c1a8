"""Answers in every format: data on standard output, talk on standard error."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.programs.words import in_words

Duebook = Callable[..., Any]
File = Callable[..., str]
PROGRAM = "recruiting-eu-jp-2026q1"
AS_OF = ("--as-of", "2026-06-30")
AT = "2026-02-01T08:00:00Z"
ANSWERS = [
    ("settle", PROGRAM, *AS_OF),
    ("explain", f"{PROGRAM}/S-1008", *AS_OF),
    ("programs",),
    ("programs", PROGRAM),
    ("facts",),
    ("facts", "GMVRecorded"),
    ("log", "store:S-1001"),
    ("show", "store:S-1001"),
    ("report",),
    ("report", "stores"),
    ("report", "exceptions"),
    ("query", "select store, state from stores"),
    ("verify",),
    ("withdraw", "15", "--reason", "wrong", "--by", "lin"),
]


def ids(command: tuple[str, ...]) -> str:
    return " ".join(command[:2])


@pytest.mark.parametrize("command", ANSWERS, ids=ids)
def test_standard_output_is_data_and_nothing_else(
    demo: Path, duebook: Duebook, command: tuple[str, ...]
) -> None:
    """As JSON, NDJSON and CSV it parses; the table has no escape codes."""
    written = duebook(*command, "--format", "json")
    assert (written.code, written.err) == (0, "")
    assert written.json
    if command[0] == "withdraw":
        return
    rows = duebook(*command, "--format", "ndjson").lines
    table = list(csv.reader(io.StringIO(duebook(*command, "--format", "csv").out)))
    assert len(table) == len(rows) + 1
    assert len({len(row) for row in table}) == 1
    shown = duebook(*command)
    assert shown.code == 0
    assert shown.out
    assert "\x1b" not in shown.out + shown.err


@pytest.mark.parametrize("suffix", ["csv", "json", "ndjson", "txt"])
def test_the_suffix_of_a_file_chooses_its_format(
    demo: Path, duebook: Duebook, here: Path, suffix: str
) -> None:
    """The file holds what standard output would, CSV after a mark of its encoding; that stays empty
    and talk says where it is."""
    format_ = {"txt": "table"}.get(suffix, suffix)
    expected = duebook("settle", PROGRAM, *AS_OF, "--format", format_).out
    ran = duebook("settle", PROGRAM, *AS_OF, "-o", f"lines.{suffix}")
    assert (ran.code, ran.out) == (0, "")
    assert f"Wrote lines.{suffix}." in ran.err
    with (here / f"lines.{suffix}").open(encoding="utf-8", newline="") as file:
        assert file.read() == ("\ufeff" if suffix == "csv" else "") + expected
    assert not list(here.glob("*.part"))
    duebook("explain", f"{PROGRAM}/S-1008", *AS_OF, "-o", f"why.{suffix}")
    assert (here / f"why.{suffix}").stat().st_size


def test_a_suffix_that_names_no_format_is_a_usage_error(demo: Path, duebook: Duebook) -> None:
    """Unless --format says it; nothing is written otherwise."""
    ran = duebook("log", "-o", "log.pdf")
    assert (ran.code, ran.out) == (2, "")
    assert ".json, .csv, .ndjson, .txt" in ran.err
    assert not Path("log.pdf").exists()
    assert duebook("log", "-o", "log.data", "--format", "json").code == 0
    rows = json.loads(Path("log.data").read_text(encoding="utf-8"))
    assert rows == duebook("log", "--format", "json").json


def test_a_folder_that_is_not_there_is_told(demo: Path, duebook: Duebook) -> None:
    """In a sentence with its name, and exit 1."""
    ran = duebook("report", "stores", "-o", "no/where.csv")
    assert (ran.code, ran.out) == (1, "")
    assert "no/where.csv" in ran.err
    assert "Traceback" not in ran.err


def test_a_command_that_fails_leaves_an_older_file_alone(demo: Path, duebook: Duebook) -> None:
    """A file is written whole or not at all, and no part of it is left behind."""
    Path("old.csv").write_text("as it was\n")
    assert duebook("show", "store:nobody", "-o", "old.csv").code == 1
    assert duebook("query", "select nothing", "-o", "old.csv").code == 1
    assert duebook("show", "store:nobody", "-o", "old.csv", "--overwrite").code == 2
    assert duebook("query", "select nothing", "-o", "old.csv", "--overwrite").code == 1
    assert Path("old.csv").read_text() == "as it was\n"
    again = ("-o", "old.csv", "--overwrite", "--no-bom")
    assert duebook("query", "select x'00' as b", *again).code == 0
    assert Path("old.csv").read_text() == "b\n00\n"
    assert sorted(one.name for one in Path.cwd().glob("old*")) == ["old.csv"]


def test_a_piped_table_cuts_nothing(demo: Path, process: Callable[..., Any]) -> None:
    """Amounts have their cents, lines and reasons are whole, whatever the width of a window."""
    ran = process("settle", PROGRAM, *AS_OF, COLUMNS="40", NO_COLOR="1")
    out, err = ran.communicate()
    assert ran.returncode == 0
    whole = process("settle", PROGRAM, *AS_OF, "--format", "json").communicate()[0]
    for line in json.loads(whole)["lines"]:
        (shown,) = [one for one in out.splitlines() if one.split()[0] == line["line"]]
        assert f"{float(line['amount']):,.2f}" in shown.split()
        assert shown.endswith(in_words(", ".join(line["unmet"] or line["held_for"])))
    assert "…" not in out
    assert "\x1b" not in out + err


def test_colours_are_not_forced_into_a_pipe(demo: Path, process: Callable[..., Any]) -> None:
    """Also under a terminal's own variables."""
    for environment in ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, {"TERM": "xterm-256color"}):
        out, err = process("report", "stores", **environment).communicate()
        assert "\x1b" not in out + err


NAMES = ["=1+1", "+1", "@cmd", "-x", "-2+3+cmd|' /C calc'!A0", "\t=1", "plain", "1-2"]


def test_csv_cells_that_a_spreadsheet_would_run_are_made_harmless(
    empty: Path, duebook: Duebook, file: File
) -> None:
    """They get a quote before them; amounts below zero stay numbers."""
    facts = [
        {"type": "PartnerCertified", "at": AT, "partner": f"P-{n}", "name": name}
        for n, name in enumerate(NAMES)
    ]
    gmv = {"type": "GMVRecorded", "at": AT, "store": "S-1", "day": "2026-01-31"}
    gmv |= {"amount": "-12.50", "currency": "EUR", "basis": "settled"}
    assert duebook("record", file([*facts, gmv])).code == 0
    shown = duebook("report", "partners", "--format", "json").json
    known = {row["partner"]: row["name"] for row in shown}
    rows = csv.DictReader(io.StringIO(duebook("report", "partners", "--format", "csv").out))
    for row in rows:
        name = known[row["partner"]]
        harmless = name in ("plain", "1-2")
        assert row["name"] == (name if harmless else f"'{name}")
    (row,) = csv.DictReader(io.StringIO(duebook("report", "gmv", "--format", "csv").out))
    assert row["amount"] == "-12.50"


def test_a_csv_file_has_every_column_of_every_row(
    empty: Path, duebook: Duebook, file: File
) -> None:
    """Also one that the first row has nothing in."""
    targeted = {"type": "MerchantUntargeted", "at": AT, "program": "nowhere", "merchant": "M-1"}
    verified = {"type": "StoreVerified", "at": AT, "store": "S-1"}
    assert duebook("record", file([verified, targeted])).code == 0
    text = duebook("report", "exceptions", "--format", "csv").out
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["code"], first.get("program")) == ("unknown_store", "")
    assert (second["code"], second["program"]) == ("unknown_program", "nowhere")
