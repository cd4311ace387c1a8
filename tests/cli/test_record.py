"""`duebook record`: what it answers, what it rejects, and what can be done about it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Duebook = Callable[..., Any]
File = Callable[..., str]
AT = "2026-02-01T08:00:00Z"
CERTIFIED = {"type": "PartnerCertified", "at": AT, "partner": "P-1"}
VERIFIED = {"type": "StoreVerified", "at": AT, "store": "S-1"}
NO_ZONE = {**CERTIFIED, "at": "2026-02-01T08:00:00", "partner": "P-2"}
BAD = {**VERIFIED, "store": "S 1"}


def test_json_has_the_keys_of_the_contract(empty: Path, duebook: Duebook, file: File) -> None:
    """Scripts are written against them; rejections and warnings have the same ones."""
    ran = duebook("record", file([CERTIFIED, VERIFIED]), "--format", "json")
    answer = ran.json
    assert ran.code == 0
    keys = {"recorded", "known", "rejected", "warnings", "position", "receipt"}
    more = {"still_withdrawn", "known_rows", "nameless_columns", "kept_files"}
    assert keys <= set(answer) <= keys | more
    assert (answer["recorded"], answer["known"], answer["rejected"]) == (2, 0, [])
    assert [sorted(one) for one in answer["warnings"]] == [
        ["code", "error", "file", "hint", "line", "type"]
    ]
    assert answer["receipt"].startswith(f"{answer['position']}:")
    ran = duebook("record", file([NO_ZONE]), "--format", "json")
    (rejected,) = ran.json["rejected"]
    assert ran.code == 1
    assert sorted(rejected) == ["code", "error", "file", "hint", "line", "type"]
    assert (rejected["code"], rejected["line"]) == ("no_zone", 1)
    assert rejected["file"].endswith("facts.ndjson")


def test_one_rejected_line_records_nothing(empty: Path, duebook: Duebook, file: File) -> None:
    """The data says so; file, line, code, sentence and next step go to standard error."""
    ran = duebook("record", file([CERTIFIED, NO_ZONE]))
    assert ran.code == 1
    assert "facts.ndjson:2: no_zone: " in ran.err
    assert "Nothing was recorded." in ran.out
    assert [row["type"] for row in duebook("log", "--format", "json").json][-1] == "TermsPublished"


def test_the_same_files_twice_record_nothing(demo: Path, duebook: Duebook) -> None:
    """Every fact is known, no event is added, and that is a success."""
    folder = Path(__file__).parents[2] / "fixtures" / "demo"
    files = sorted(one for one in folder.glob("[01]*") if one.suffix in (".csv", ".ndjson"))
    before = demo.read_bytes()
    answer = duebook("record", *files, "--format", "json")
    assert answer.code == 0
    assert (answer.json["recorded"], answer.json["known"]) == (0, 1649), (
        "1648 facts, one of them twice"
    )
    assert duebook("log", "--limit", "5", "--after", answer.json["position"]).out == ""
    assert demo.read_bytes() == before


def test_rejects_can_be_mended_and_recorded_again(
    empty: Path, duebook: Duebook, file: File, here: Path
) -> None:
    """The good facts are recorded; each of the others says its error, which may stay in."""
    facts = [CERTIFIED, NO_ZONE, VERIFIED, BAD]
    ran = duebook("record", file(facts), "--rejects", "mend.ndjson", "--format", "json")
    assert ran.code == 0
    assert (ran.json["recorded"], len(ran.json["rejected"])) == (2, 2)
    lines = [json.loads(one) for one in (here / "mend.ndjson").read_text().splitlines()]
    assert [{**line, "error": ""} for line in lines] == [
        {**NO_ZONE, "error": ""},
        {**BAD, "error": ""},
    ]
    assert [line["error"].startswith("facts.ndjson:") for line in lines] == [True, True]
    assert duebook("record", "mend.ndjson").code == 1, "not mended yet"
    lines[0]["at"], lines[1]["store"] = AT, "S-1-b"
    ran = duebook("record", file(lines, "mended.ndjson"), "--format", "json")
    assert (ran.code, ran.json["recorded"], ran.json["rejected"]) == (0, 2, [])
    assert not list(here.glob("*.part"))


def test_rejects_of_a_csv_file_keep_its_cells(
    empty: Path, duebook: Duebook, file: File, here: Path
) -> None:
    """A rejected row becomes a line with the names of the header."""
    name = file("type,at,store,country\nStockListed,2026-02-01,S-1,DE\n", "stock.csv")
    assert duebook("record", name, "--rejects", "mend.ndjson").code == 0
    line = json.loads((here / "mend.ndjson").read_text())
    assert {name: line[name] for name in ("type", "at", "store", "country")} == {
        "type": "StockListed",
        "at": "2026-02-01",
        "store": "S-1",
        "country": "DE",
    }
    line["at"] = AT
    assert duebook("record", file([line])).code == 0


def test_dry_run_says_what_would_happen_and_records_nothing(
    empty: Path, duebook: Duebook, file: File
) -> None:
    """Also its rejections, with the exit code that the run would have."""
    before = duebook("log", "--format", "ndjson").out
    ran = duebook("record", file([CERTIFIED, VERIFIED]), "--dry-run")
    assert (ran.code, ran.out.startswith("2 would be recorded")) == (0, True)
    assert "unknown_store" in ran.err
    assert duebook("record", file([NO_ZONE]), "--dry-run").code == 1
    assert duebook("log", "--format", "ndjson").out == before


def test_strict_turns_warnings_into_rejections(empty: Path, duebook: Duebook, file: File) -> None:
    """Nothing is recorded; with --rejects the others are."""
    name = file([CERTIFIED, VERIFIED])
    ran = duebook("record", name, "--strict", "--format", "json")
    assert ran.code == 1
    assert [one["code"] for one in ran.json["rejected"]] == ["unknown_store"]
    assert (ran.json["recorded"], ran.json["warnings"]) == (0, [])
    ran = duebook("record", name, "--strict", "--rejects", "mend.ndjson", "--format", "json")
    assert (ran.code, ran.json["recorded"]) == (0, 1)


def test_twenty_rejections_in_the_table_and_all_in_json(
    empty: Path, duebook: Duebook, file: File
) -> None:
    """The rest is counted, and where to see it is said."""
    name = file([{**NO_ZONE, "partner": f"P-{n}"} for n in range(23)])
    ran = duebook("record", name)
    assert ran.err.count("no_zone:") == 20
    assert "... and 3 more rejected; see --format json." in ran.err
    assert len(duebook("record", name, "--format", "json").json["rejected"]) == 23
    ran = duebook("record", name, "--format", "ndjson")
    assert len(ran.lines) == 23


def test_the_type_of_a_csv_file_can_be_given(empty: Path, duebook: Duebook, file: File) -> None:
    """As in the help text."""
    name = file(f"at,store,country\n{AT},S-1,DE\n", "stock.csv")
    assert duebook("record", name).code == 1
    ran = duebook("record", name, "--type", "StockListed", "--by", "lin", "--format", "json")
    assert (ran.code, ran.json["recorded"]) == (0, 1)
    (row,) = duebook("log", "store:S-1", "--format", "ndjson").lines
    assert (row["type"], row["country"]) == ("StockListed", "DE")


@pytest.mark.parametrize("name", ["missing.ndjson", "."])
def test_a_file_that_cannot_be_read_is_named(empty: Path, duebook: Duebook, name: str) -> None:
    """In a sentence, without a traceback, and nothing is recorded."""
    ran = duebook("record", name)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"Error: {name} cannot be read: ")


def test_withdrawing_counts_once_and_only_facts(demo: Path, duebook: Duebook) -> None:
    """Twice is refused, and so is what is no fact; both say what to do."""
    ran = duebook("withdraw", 15, "--reason", "wrong", "--by", "lin", "--format", "json")
    assert ran.code == 0
    assert set(ran.json) == {
        *("withdrawn", "type", "stream", "fact", "again", "recorded", "position", "receipt"),
    }
    assert ran.json["again"] == ran.json["fact"] | {"id": "again-15"}
    again = duebook("withdraw", 15, "--reason", "wrong", "--by", "lin")
    assert (again.code, again.out) == (1, "")
    assert f"was withdrawn at position {ran.json['position']}" in again.err
    terms = duebook("withdraw", 2, "--reason", "wrong", "--by", "lin")
    assert (terms.code, "is TermsPublished, which cannot be withdrawn" in terms.err) == (1, True)
    assert duebook("withdraw", 99999, "--reason", "x", "--by", "lin").code == 2
    assert duebook("withdraw", 10, "--reason", "wrong").code == 2
    assert duebook("withdraw", 0, "--reason", "wrong", "--by", "lin").code == 2
    assert duebook("withdraw", 10, "--reason", "", "--by", "lin").code != 0


def test_rejects_hold_each_line_to_the_letter(
    empty: Path, duebook: Duebook, file: File, here: Path
) -> None:
    """Doubled keys, numbers and escapes that reading would change are there to be mended; sent
    again as they are, they are refused again, however often."""
    lines = [
        '{"type": "StoreVerified", "at": "2026-02-01T08:00:00Z", "store": "S-1", "store": "S-9"}',
        '{"type": "StoreVerified", "at": "2026-02-01T08:00:00Z", "store": "S-\\ud800"}',
        '{"type": "Sale", "amount": 12345678901234567890.12}',
    ]
    sent = file("\n".join([json.dumps(CERTIFIED), *lines]), "sent.ndjson")
    for turn, recorded in enumerate([1, 0, 0]):
        out = f"mend-{turn}.ndjson"
        ran = duebook("record", sent, "--rejects", out, "--format", "json")
        assert (ran.code, ran.json["recorded"], len(ran.json["rejected"])) == (0, recorded, 3)
        kept = (here / out).read_text(encoding="utf-8").splitlines()
        assert [one.partition(', "error": ')[0] + "}" for one in kept] == lines
        sent = out


def test_rows_that_are_passed_over_as_known_are_named(
    empty: Path, duebook: Duebook, file: File
) -> None:
    """An equal fact without an id in a later file may be another one: it can be looked at."""
    assert duebook("record", file([VERIFIED, CERTIFIED])).code == 0
    again = file([{**CERTIFIED, "partner": "P-9"}, CERTIFIED], "later.ndjson")
    answer = duebook("record", again, "--dry-run", "--format", "json").json
    ((row,), known) = answer["known_rows"], answer["known"]
    log = duebook("log", "partner:P-1", "--format", "json").json
    assert (known, row["line"], row["position"]) == (1, 2, log[0]["position"])
    assert row["file"].endswith("later.ndjson")
    quiet, loud = duebook("record", again), duebook("-v", "record", again)
    assert "known at position" not in quiet.err
    assert f"later.ndjson:2: known at position {row['position']}" in loud.err


def test_errors_stand_last_and_without_the_warnings_that_they_may_cause(
    empty: Path, duebook: Duebook, file: File
) -> None:
    """Where nothing is recorded, no warning says that a fact waits; JSON has them all the same."""
    bad = file([VERIFIED, NO_ZONE])
    ran = duebook("record", bad)
    assert (ran.code, "waits" in ran.err) == (1, False)
    assert "1 warnings of the other rows are left out until these are fixed" in ran.err
    assert ran.err.splitlines()[-2].startswith("facts.ndjson:2: no_zone: ")
    assert len(duebook("record", bad, "--format", "json").json["warnings"]) == 1
