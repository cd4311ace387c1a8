"""`duebook reconcile`: exit codes, the keys of the answer, what is recorded and what is not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROGRAM = "recruiting-eu-jp-2026q1"
DEMO = Path(__file__).parents[2] / "fixtures" / "demo"
PLATFORM = str(DEMO / "platform-2026q1.csv")
BREAK = f"{PROGRAM}/S-1047#missing_theirs"
KEYS = {
    *("program", "period", "ours_is", "as_of", "known_at", "file", "sha256", "rows", "matched"),
    *("nameless_columns", "totals"),
    *("ours", "theirs", "difference", "open", "breaks", "run"),
}
BREAK_KEYS = {
    *("break", "line", "kind", "ours", "theirs", "difference", "currency", "payee", "place"),
    *("likely", "resolution", "number"),
}
KEEP = ("--keep", "--by", "lin")
JSON = ("--format", "json")
Duebook = Callable[..., Any]
File = Callable[..., str]


def against(duebook: Duebook, file: str = PLATFORM, *more: str) -> Any:
    return duebook("reconcile", PROGRAM, "--against", file, *more)


def head(duebook: Duebook) -> int:
    """The book's position."""
    return int(duebook("verify", *JSON).json["events"])


def test_breaks_end_with_exit_code_3_and_agreement_with_0(demo: Path, duebook: Duebook) -> None:
    """A script can go on where both say the same."""
    settled = duebook("settle", PROGRAM, *JSON).json["lines"]
    rows = [f"{one['line']},{one['amount']},{one['currency']}" for one in settled]
    agreed = "\n".join(["line,amount,currency", *rows])
    Path("agreed.csv").write_text(agreed)
    assert against(duebook).code == 3
    ran = against(duebook, "agreed.csv", *JSON)
    assert (ran.code, ran.json["breaks"], ran.json["matched"]) == (0, [], 52)


def test_the_answer_has_the_keys_of_the_contract(demo: Path, duebook: Duebook) -> None:
    """Decimal strings per currency, each break with what it may come from."""
    ran = against(duebook, PLATFORM, *JSON)
    answer = ran.json
    assert ran.code == 3
    assert set(answer) == KEYS
    assert (answer["ours_is"], answer["rows"], answer["open"]) == ("settled", 34, 10)
    assert answer["difference"] == {"CNY": "-10800.00"}
    assert all(set(one) - {"other"} == BREAK_KEYS for one in answer["breaks"])
    names = [one["break"] for one in answer["breaks"]]
    assert sorted(names) == names
    causes = [cause for one in answer["breaks"] for cause in one["likely"]]
    assert {frozenset(cause) for cause in causes} == {frozenset({"because", "detail", "gives"})}
    assert answer["breaks"][-1]["other"] == {"batch": "2026-05-B"}


def test_the_table_shows_each_break_and_says_what_is_open(demo: Path, duebook: Duebook) -> None:
    """Data on standard output, the sums on standard error; CSV has the same rows."""
    ran = against(duebook)
    assert BREAK in ran.out
    assert "25 agree, 10 of 10 breaks are open. Ours as settled now" in ran.err
    assert "CNY: ours 54,000.00, theirs 64,800.00, difference -10,800.00" in ran.err
    rows = against(duebook, PLATFORM, "--format", "csv").out.splitlines()
    assert rows[0] == "number,break,ours,theirs,difference,currency,likely,resolution"
    assert len(rows) == 11


def test_a_comparison_is_a_look_unless_it_is_kept(demo: Path, duebook: Duebook) -> None:
    """What was looked at in the past is no statement of today, and is not kept."""
    before = head(duebook)
    for clock in ((), ("--as-of", "2026-06-30"), ("--known-at", "1000")):
        assert against(duebook, PLATFORM, *clock, *JSON).json["run"] is None
        assert head(duebook) == before
    assert against(duebook, PLATFORM, "--known-at", "1000", *KEEP).code == 2
    assert against(duebook, PLATFORM, "--keep").code == 2
    assert head(duebook) == before
    assert against(duebook, PLATFORM, *KEEP, *JSON).json["run"] == before + 1 == head(duebook)
    (row,) = duebook("log", f"reconciliation:{PROGRAM}", "--format", "ndjson").lines
    assert (row["type"], row["file"], row["rows"]) == ("ReconciliationRun", Path(PLATFORM).name, 34)
    assert duebook("verify").code == 0


def test_every_break_resolved_ends_with_exit_code_0(demo: Path, duebook: Duebook) -> None:
    """Resolved breaks are still listed, each with what was decided."""
    said = ("--as", "platform_error", "--reason", "asked them", "--by", "lin")
    for one in against(duebook, PLATFORM, *KEEP, *JSON).json["breaks"]:
        ran = duebook("reconcile", PROGRAM, "--resolve", one["break"], *said, *JSON)
        assert ran.code == 0
        assert set(ran.json) == {
            *("break", "line", "ours", "theirs", "currency", "resolution", "reason", "adjusted"),
            *("recorded", "position", "receipt"),
        }
    ran = against(duebook, PLATFORM, *JSON)
    assert (ran.code, ran.json["open"], len(ran.json["breaks"])) == (0, 0, 10)
    rows = duebook("report", "reconciliation", *JSON).json
    assert {(row["state"], row["by"]) for row in rows} == {("resolved", "lin")}


def test_a_bad_file_is_refused_with_every_row_and_records_nothing(
    demo: Path, duebook: Duebook, file: File
) -> None:
    """Exit code 1, nothing on standard output, and each problem where somebody reads it."""
    before = head(duebook)
    name = file("line,amount,currency\na/b,1e3,CNY\na/c,1.00,XXX\na/d\n", "bad.csv")
    ran = against(duebook, name)
    assert (ran.code, ran.out) == (1, "")
    for said in ("bad.csv:2: bad_amount", "bad.csv:3: unknown_currency", "bad.csv:4: invalid"):
        assert said in ran.err
    assert "Nothing was done." in ran.err
    for more in ("nowhere.csv", file("line,amonut,currency\n", "typo.csv")):
        assert against(duebook, more).code == 1
    assert head(duebook) == before


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--against", PLATFORM, "--resolve", BREAK),
        ("--against", PLATFORM, "--as", "timing"),
        ("--against", PLATFORM, "--dry-run"),
        ("--resolve", BREAK),
        ("--resolve", BREAK, "--as", "timing", "--by", "lin"),
        ("--resolve", BREAK, "--as", "timing", "--reason", " ", "--by", "lin"),
        ("--resolve", BREAK, "--as", "wrong", "--reason", "r", "--by", "lin"),
    ],
)
def test_a_command_line_that_lacks_something_is_a_usage_error(
    demo: Path, duebook: Duebook, arguments: tuple[str, ...]
) -> None:
    """Exit code 2, before any book is read."""
    assert duebook("reconcile", PROGRAM, *arguments).code == 2


def test_refused_resolutions_end_with_exit_code_1(demo: Path, duebook: Duebook) -> None:
    """Accepting before the close, and a break that no run has found."""
    said = ("--as", "accept_theirs", "--reason", "r", "--by", "lin")
    assert duebook("reconcile", PROGRAM, "--resolve", BREAK, *said).code == 1
    against(duebook, PLATFORM, *KEEP)
    ran = duebook("reconcile", PROGRAM, "--resolve", BREAK, *said)
    assert (ran.code, "is not closed" in ran.err) == (1, True)
    close = ("--by", "lin", "--leave-open", "--reason", "no ratios")
    assert duebook("close", PROGRAM, *close).code == 0
    assert duebook("reconcile", PROGRAM, "--resolve", BREAK, *said).code == 0
    shown = duebook("adjust", PROGRAM, "--dry-run", *JSON)
    assert json.loads(shown.out)["left_alone"][0]["break"] == BREAK
    assert duebook("verify").code == 0


def test_the_other_sign_is_an_option(demo: Path, duebook: Duebook, file: File) -> None:
    """What the merchant pays is positive in the file."""
    name = file("line,amount,currency\ngrowth-2026-05/M-401/fixed_fee,6000.00,USD\n", "f.csv")
    plain = duebook("reconcile", "growth-2026-05", "--against", name, *JSON).json
    turned = duebook("reconcile", "growth-2026-05", "--against", name, "--flip-sign", *JSON).json
    assert (plain["matched"], turned["matched"]) == (0, 1)
    assert turned["theirs"] == {"USD": "-6000.00"}


def test_a_break_is_resolved_by_its_number_in_a_comparison_made_anew(
    demo: Path, duebook: Duebook
) -> None:
    """Comparison and resolution are recorded together; a number that is none is refused."""
    found = against(duebook, PLATFORM, *JSON).json["breaks"]
    assert [one["number"] for one in found] == list(range(1, 11))
    before = head(duebook)
    said = ("--against", PLATFORM, "--as", "timing", "--reason", "paid in May", "--by", "lin")
    for name in ("0", "11", "1000000"):
        ran = duebook("reconcile", PROGRAM, "--resolve", name, *said)
        assert (ran.code, "has 10 breaks" in ran.err) == (2, True)
    shown = duebook("reconcile", PROGRAM, "--resolve", "3", *said, "--dry-run", *JSON).json
    assert (shown["break"], shown["recorded"]) == (found[2]["break"], 0)
    assert head(duebook) == before
    answer = duebook("reconcile", PROGRAM, "--resolve", "3", *said, *JSON).json
    assert (answer["break"], answer["recorded"]) == (found[2]["break"], 2)
    assert head(duebook) == before + 2
    run, resolved = duebook("log", f"reconciliation:{PROGRAM}", "--format", "ndjson").lines
    assert (resolved["type"], resolved["run"]) == ("BreakResolved", run["position"])
    again = against(duebook, PLATFORM, *JSON).json
    assert (again["open"], again["breaks"][2]["resolution"]) == (9, "timing")
    last = ("--as", "other", "--reason", "r", "--by", "lin", *JSON)
    kept = duebook("reconcile", PROGRAM, "--resolve", "4", *last).json
    assert kept["break"] == found[3]["break"]
    assert duebook("verify").code == 0


def test_a_break_that_is_mistyped_is_asked_about(demo: Path, duebook: Duebook) -> None:
    """With the nearest one."""
    against(duebook, PLATFORM, *KEEP)
    said = ("--as", "timing", "--reason", "r", "--by", "lin")
    ran = duebook("reconcile", PROGRAM, "--resolve", f"{BREAK[:-1]}x", *said)
    assert (ran.code, f"Did you mean {BREAK}?" in ran.err) == (2, True)


def test_a_tolerance_marks_and_with_keep_accepts_once_closed(
    demo: Path, duebook: Duebook, file: File
) -> None:
    """Before the close it only looks; then it is a decision, shown first and said afterwards."""
    settled = duebook("settle", PROGRAM, *JSON).json["lines"]
    paid = [one for one in settled if one["amount"] not in (None, "0.00")]
    rows = [f"{one['line']},{one['amount']},{one['currency']}" for one in paid[1:]]
    near = f"{paid[0]['line']},1999.99,CNY"
    path = file("\n".join(["line,amount,currency", near, *rows]), "near.csv")
    tolerance = ("--tolerance", "CNY=0.01")
    looked = against(duebook, path, *tolerance, *JSON)
    assert (looked.code, looked.json["open"]) == (0, 0)
    assert [one["within_tolerance"] for one in looked.json["breaks"]] == [True]
    assert against(duebook, path, *JSON).code == 3
    assert "is not closed" in against(duebook, path, *tolerance, *KEEP).err
    assert duebook("close", PROGRAM, "--by", "lin", "--leave-open", "--reason", "r").code == 0
    before = head(duebook)
    shown = against(duebook, path, *tolerance, "--keep", "--dry-run")
    assert (shown.code, head(duebook)) == (0, before)
    assert "1 difference within the tolerance of 0.01, 0.01 in all" in shown.err
    kept = against(duebook, path, *tolerance, *KEEP, "--yes", *JSON)
    assert (kept.code, kept.json["accepted"], kept.json["run"]) == (0, 1, before + 1)
    assert head(duebook) == before + 3
    assert against(duebook, path, *JSON).json["breaks"] == []
