"""Nobody types an id of 160 characters: short names of lines and statements, files of all."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from projections.file_names import NAME_MAX, file_names

Duebook = Callable[..., Any]
QUARTER = "recruiting-eu-jp-2026q1"
FEES = "technical-fee-2020"
MAY = f"{FEES}/2020-05"
JSON = ("--format", "json")
LINES = {
    "S-1001": f"{QUARTER}/S-1001",
    "recruiting/S-1001": f"{QUARTER}/S-1001",
    "D-03": f"{MAY}/D-03",
    "2020-05/D-03": f"{MAY}/D-03",
    f"{FEES}/D-03": f"{MAY}/D-03",
    "tech/2020-05/D-03": f"{MAY}/D-03",
    "store:D-03": f"{MAY}/D-03",
    "2026-05/S-1301": "deposit-2020/2026-05/S-1301/standing",
    "M-401/compensation": "growth-2026-05/M-401/compensation",
}
STATEMENTS = {
    "P-03": f"{QUARTER}/partner:P-03",
    "partner:P-03": f"{QUARTER}/partner:P-03",
    "recruiting/P-03": f"{QUARTER}/partner:P-03",
    "D-03": f"{MAY}/store:D-03",
    "2020-05/D-03": f"{MAY}/store:D-03",
    "tech/2020-05/store:D-03": f"{MAY}/store:D-03",
    f"{MAY}/store:D-03": f"{MAY}/store:D-03",
}


@pytest.mark.parametrize("typed", LINES)
def test_a_line_may_be_named_by_what_is_unambiguous(
    busy: Path, duebook: Duebook, typed: str
) -> None:
    """Its subject, the end of its id, with or without a beginning of its program: the answer is
    that of the whole id."""
    whole = duebook("explain", LINES[typed], *JSON, "--known-at", "1690").json
    short = duebook("explain", typed, *JSON, "--known-at", "1690").json
    assert short | {"as_of": ""} == whole | {"as_of": ""}
    assert short["line"] == LINES[typed]


def test_a_name_of_several_lines_is_refused_with_all_of_them(busy: Path, duebook: Duebook) -> None:
    """Three lines of a merchant; of many months the first ten, and how many more there are."""
    ran = duebook("explain", "M-401")
    assert ran.code == 2
    for kind in ("commission", "compensation", "fixed_fee"):
        assert f"growth-2026-05/M-401/{kind}" in ran.err
    many = duebook("explain", "S-1301").err
    assert "lines: deposit-2020/2020-03/S-1301/standing, " in many
    assert "more." in many


def test_an_order_is_explained_by_what_its_line_has_of_it(busy: Path, duebook: Duebook) -> None:
    """Its row with rate, fee, file and row; whose line it is stands below."""
    ran = duebook("explain", "6800005106", *JSON)
    (order,) = ran.json["orders"]
    assert (order["order_id"], order["fee"], order["row"]) == ("6800005106", "-2.20", 2)
    assert ran.json["line"] == f"{MAY}/D-03"
    assert f"duebook explain {MAY}/D-03" in duebook("explain", "6800005106").err


@pytest.mark.parametrize("typed", ["S-9", "r", "6800005106x", "store:"])
def test_a_name_of_nothing_says_so(busy: Path, duebook: Duebook, typed: str) -> None:
    """And how to find lines."""
    ran = duebook("explain", typed)
    assert (ran.code, ran.out) == (2, "")
    assert f"'{typed}' names no line" in ran.err
    assert "duebook settle PROGRAM" in ran.err


def test_a_line_that_no_fact_makes_any_more_is_found_by_its_subject(
    busy: Path, duebook: Duebook, file: Callable[..., str]
) -> None:
    """It was issued: its onboarding withdrawn, it is explained as it stands."""
    log = duebook("log", "store:S-1001", "--format", "ndjson").lines
    (position,) = (one["position"] for one in log if one["type"] == "MerchantOnboarded")
    duebook("withdraw", str(position), "--reason", "never", "--by", "lin", "--yes")
    assert duebook("explain", "S-1001", *JSON).json["line"] == f"{QUARTER}/S-1001"


@pytest.mark.parametrize("typed", STATEMENTS)
def test_a_statement_may_be_named_by_its_party(busy: Path, duebook: Duebook, typed: str) -> None:
    """For `statement` and for `pay`."""
    (shown,) = duebook("statement", typed, *JSON).json["statements"]
    assert shown["statement"] == STATEMENTS[typed]
    pay = ("--amount", "1", "--currency", "CNY", "--ref", "r-2", "--by", "lin", "--dry-run")
    assert duebook("pay", typed, *pay, *JSON).json["statement"] == STATEMENTS[typed]


def test_a_statement_by_its_id_is_what_its_payee_gets(busy: Path, duebook: Duebook) -> None:
    """The answer is that of the payee's, with why it was adjusted."""
    by_id = duebook("statement", f"{QUARTER}/partner:P-01", *JSON).json
    by_payee = duebook("statement", QUARTER, "--payee", "partner:P-01", *JSON).json
    by_name = duebook("statement", QUARTER, "--payee", "P-01", *JSON).json
    assert by_id == by_payee == by_name
    assert by_id["adjustments"][0]["why"].startswith("store open: ")


def test_a_party_of_several_statements_is_refused_with_all_of_them(
    busy: Path, duebook: Duebook
) -> None:
    """None is guessed."""
    words = ("--leave-open", "--reason", "x", "--by", "lin", "--yes")
    for month in ("2020-03", "2020-05"):
        assert duebook("close", "deposit-2020", month, *words).code == 0
    ran = duebook("statement", "store:S-1301")
    assert (ran.code, ran.out) == (2, "")
    assert "'store:S-1301' names 2 statements: deposit-2020/2020-03/store:S-1301" in ran.err


def test_all_statements_are_written_as_files_of_a_folder(busy: Path, duebook: Duebook) -> None:
    """Each named by its id, a workbook or what is asked for, the same as it is written alone."""
    assert "Wrote 11 statements to out." in duebook("statement", "--all", "-o", "out").err
    names = sorted(one.name for one in Path("out").iterdir())
    assert names[0] == f"{QUARTER},partner=P-01.xlsx"
    assert names[-1] == f"{FEES},2020-05,store=D-06.xlsx"
    duebook("statement", f"{QUARTER}/partner:P-01", "-o", "alone.xlsx")
    assert Path("out", names[0]).read_bytes() == Path("alone.xlsx").read_bytes()
    ran = duebook("statement", "tech", "2020-05", "--all", "-o", "json", *JSON)
    assert "Wrote 6 statements to json." in ran.err
    for one in Path("json").iterdir():
        (shown,) = json.loads(one.read_text(encoding="utf-8"))["statements"]
        assert one.stem == shown["statement"].replace("/", ",").replace(":", "=")


def _files(book: Path) -> dict[Path, tuple[int, int]]:
    """Every file beside the book, when it was changed and how long it is."""
    found = {path: path.stat() for path in sorted(book.parent.rglob("*"))}
    return {path: (one.st_mtime_ns, one.st_size) for path, one in found.items()}


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("duebook.db", "is not a folder"),
        ("duebook.db.orders", "belongs to the folder of the book's order lines"),
        ("no/such", "no is not a folder to make one in"),
        ("out", "11 files are in out already"),
    ],
)
def test_a_folder_that_cannot_be_filled_is_left_as_it_is(
    busy: Path, duebook: Duebook, folder: str, said: str
) -> None:
    """Nothing is written, not one of the files."""
    assert duebook("statement", "--all", "-o", "out").code == 0
    before = _files(busy)
    ran = duebook("statement", "--all", "-o", folder)
    assert ran.code == 1
    assert said in ran.err
    assert _files(busy) == before
    assert duebook("statement", "--all", "-o", "out", "--overwrite").code == 0


def test_ids_that_differ_in_case_alone_get_files_of_their_own() -> None:
    """And so do ids too long for a file's name; the others keep theirs."""
    plain, *others = file_names(["p/store:S-1", "p/store:a", "p/store:A", "p/store:" + "店" * 99])
    assert plain == "p,store=S-1"
    assert [one[:-8] for one in others[:2]] == ["p,store=a-", "p,store=A-"]
    assert len({one.casefold() for one in others}) == 3
    assert len(others[2].encode()) <= NAME_MAX + 9


def test_months_are_settled_one_after_another(busy: Path, duebook: Duebook) -> None:
    """Closed ones as they stand, with a total of all; each as it is settled alone."""
    months = ("--from", "2020-05", "--to", "2020-06")
    answer = duebook("settle", "tech", *months, *JSON).json
    assert (answer["from"], answer["to"], answer["totals"]) == (
        *("2020-05", "2020-06"),
        {"CNY": "-3484.17"},
    )
    may, june = answer["periods"]
    alone = duebook("settle", FEES, "2020-05", *JSON).json
    assert may | {"as_of": ""} == alone | {"as_of": ""}
    assert (may["stands"], june["stands"], june["lines"]) == ("issued", "fresh", [])
    rows = duebook("settle", "tech", *months, "--format", "ndjson").lines
    assert {row["period"] for row in rows} == {"2020-05"}
    fresh = duebook("settle", "tech", *months, "--fresh", *JSON).json["periods"]
    assert {one["stands"] for one in fresh} == {"fresh"}
    table = duebook("settle", "tech", *months)
    assert "2020-05: -3,484.17 CNY, 6 lines, closed" in table.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((QUARTER, "--from", "2026-01"), "settles its whole term"),
        ((FEES, "--from", "2020-07", "--to", "2020-05"), "2020-07 is after 2020-05"),
        ((FEES, "--from", "2020-7"), "found the period '2020-7'"),
        ((FEES, "--from", "2199-01"), "2199-01 has not begun on 20"),
        ((FEES, "2020-05", "--from", "2020-05"), "go without PERIOD"),
    ],
)
def test_months_that_are_none_are_refused(
    busy: Path, duebook: Duebook, words: tuple[str, ...], said: str
) -> None:
    """With what was found."""
    ran = duebook("settle", *words)
    assert ran.code in (1, 2)
    assert said in ran.err
