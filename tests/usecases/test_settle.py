"""The demo's quarter, settled at several pairs of clocks and under two versions of its terms."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoSuchLine, UnknownProgram, WrongPeriod
from ledger.kernel.instants import parse_day_end_or_instant, parse_instant
from ledger.store.book import Book
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.settling.settle import (
    Settlement,
    compare,
    published_edition,
    settle,
    split_line,
)
from ledger.usecases.terms.draft import read_terms
from ledger.usecases.terms.publish import publish
from tests.marks import decision

PROGRAM = "recruiting-eu-jp-2026q1"
DEMO = Path(__file__).parents[2] / "fixtures" / "demo"
ACME = str(DEMO / "terms-governance.toml")
TABLE = json.loads((DEMO / "expected.json").read_text("utf-8"))[PROGRAM]
EXPECTED: dict[str, dict[str, Any]] = TABLE["lines"]
NOW = parse_instant("2026-11-21T12:00:00Z")
P02_UNDER_ACME = {"S-1003", "S-1019", "S-1043", "S-1055"}
LATE = {
    **dict.fromkeys(["S-1005", "S-1010", "S-1026", "S-1033", "S-1051", "S-1056"], "payable"),
    **dict.fromkeys(["S-1036", "S-1044", "S-1054"], "payable"),
    "S-1023": "not_withheld",
    "S-1039": "gmv_over_threshold",
    "S-1045": "store_open",
}
"""What the late file makes of the lines that it changes: the outcome, or what declines them."""
BEFORE_LATE = {
    **dict.fromkeys(
        ["S-1005", "S-1010", "S-1026", "S-1033", "S-1039", "S-1051", "S-1056"],
        ("held", "governance_ratio_unset"),
    ),
    **dict.fromkeys(["S-1023", "S-1045"], ("payable", "")),
    "S-1036": ("declined", "store_open"),
    "S-1044": ("declined", "first_sale_in_time"),
    "S-1054": ("declined", "gmv_over_threshold"),
}


class Demo(NamedTuple):
    """A book and its positions: before the late file, with it and growth, with acme's terms."""

    book: Book
    early: int
    late: int
    acme: int


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def demo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """The demo recorded as it happened: files 01 to 05, then 06 to 08, then acme publishes."""
    if request.param == "sqlite":
        location = str(tmp_path_factory.mktemp("demo") / "demo.db")
    else:
        location = request.getfixturevalue("new_database")()
    book, _ = init(location, "platform")
    files = sorted(str(path) for path in DEMO.glob("0*"))
    early = record(book, files[:5], now=NOW, by="demo")
    late = record(book, files[5:], now=NOW, by="demo")
    assert (early.recorded, late.recorded, late.known) == (1434, 16 + 65 + 11 + 24, 1)
    acme = publish(book, read_terms(ACME), "lin")
    yield Demo(book, early.position, late.position, acme["position"])
    book.close()


def _settled(demo: Demo, known_at: int, as_of: str = "2026-06-30", **options: Any) -> Settlement:
    clocks = Clocks(parse_day_end_or_instant(as_of, "Asia/Shanghai", 0), known_at)
    with demo.book.reading() as connection:
        edition = published_edition(connection, PROGRAM, clocks)
        return settle(connection, edition, clocks, **options)


def _lines(settlement: Settlement) -> dict[str, dict[str, Any]]:
    """By store what `expected.json` says of it."""
    keys = next(iter(EXPECTED.values()))
    found = {one.subject.partition(":")[2]: one.as_json() for one in settlement.lines}
    return {store: {key: line[key] for key in keys} for store, line in found.items()}


def _counts(settlement: Settlement) -> dict[str, int]:
    return dict(Counter(one.outcome for one in settlement.lines))


def test_the_demo_settles_line_by_line_as_its_table_says(demo: Demo) -> None:
    """All facts, shipped terms, as of 30 June: every line of `expected.json`, and no other."""
    settlement = _settled(demo, demo.late)
    assert _lines(settlement) == EXPECTED
    assert _counts(settlement) == {"payable": 27, "held": 6, "declined": 19}
    assert settlement.as_json()["totals"] == {"CNY": "54000.00"}


def test_each_partner_gets_what_the_demo_promises(demo: Demo) -> None:
    """Payable, held and declined lines and the sum, partner by partner."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for one in _settled(demo, demo.late).lines:
        row = found[one.payee]
        row[("payable", "held", "declined").index(one.outcome)] += 1
        row[3] += one.amount.minor // 100
    expected = {
        "partner:P-01": [14, 0, 2, 28000],
        "partner:P-02": [0, 5, 2, 0],
        "partner:P-03": [3, 0, 5, 6000],
        "partner:P-04": [7, 1, 5, 14000],
        "partner:P-05": [3, 0, 5, 6000],
    }
    assert expected == found


def test_under_acmes_table_the_lines_of_p_02_are_paid_at_its_ratio(demo: Demo) -> None:
    """One high-risk store: four lines at 1600.00 instead of held; nothing else changes."""
    shipped, acme = _settled(demo, demo.late), _settled(demo, demo.acme)
    paid = {"outcome": "payable", "amount": "1600.00", "held_for": []}
    expected = {s: one | (paid if s in P02_UNDER_ACME else {}) for s, one in EXPECTED.items()}
    assert expected == _lines(acme)
    assert acme.as_json()["totals"] == {"CNY": "60400.00"}
    assert _counts(acme) == {"payable": 31, "held": 2, "declined": 19}
    changes = compare(shipped, acme)
    assert [f"{PROGRAM}/{store}" for store in sorted(P02_UNDER_ACME)] == [
        c["line"] for c in changes
    ]
    assert changes[0] == {
        "line": f"{PROGRAM}/S-1003",
        "payee": "partner:P-02",
        "was": "0.00",
        "now": "1600.00",
        "currency": "CNY",
        "was_outcome": "held (governance_ratio_unset)",
        "now_outcome": "payable",
    }


def test_a_draft_of_the_same_terms_settles_as_if_published(demo: Demo) -> None:
    """`--terms FILE` and publishing the file give the same lines, and the draft records nothing."""
    head = demo.book.head()
    clocks = Clocks(parse_day_end_or_instant("2026-06-30", "Asia/Shanghai", 0), demo.late)
    with demo.book.reading() as connection:
        draft = settle(connection, read_terms(ACME), clocks)
    assert list(_settled(demo, demo.acme).lines) == list(draft.lines)
    assert head == demo.book.head()


def test_known_before_the_late_file_the_quarter_is_what_it_was(demo: Demo) -> None:
    """Files 01 to 05: a wrong closure holds P-04's sound lines, late sales are missing."""
    before = _settled(demo, demo.early)
    assert _counts(before) == {"payable": 20, "held": 13, "declined": 19}
    assert before.as_json()["totals"] == {"CNY": "40000.00"}
    lines = _lines(before)
    assert {s: line for s, line in EXPECTED.items() if s not in LATE} == {
        s: line for s, line in lines.items() if s not in LATE
    }
    for store, (outcome, why) in BEFORE_LATE.items():
        found = lines[store]
        assert (outcome, why) == (found["outcome"], "".join(found["unmet"] + found["held_for"]))


def test_the_late_file_changes_the_lines_that_the_demo_names(demo: Demo) -> None:
    """Twelve lines, each from what it was to what it is."""
    changes = compare(_settled(demo, demo.early), _settled(demo, demo.late))
    found = {one["line"].partition("/")[2]: one for one in changes}
    assert set(LATE) == set(found)
    for store, (outcome, why) in BEFORE_LATE.items():
        was = f"{outcome} ({why})" if why else outcome
        now = LATE[store] if LATE[store] == "payable" else f"declined ({LATE[store]})"
        assert (was, now) == (found[store]["was_outcome"], found[store]["now_outcome"])


def test_as_of_february_the_quarter_is_provisional(demo: Demo) -> None:
    """What can still be met is held for its open window; what is after does not count."""
    settlement = _settled(demo, demo.late, "2026-02-15")
    assert settlement.as_json()["provisional"] is True
    assert settlement.as_json()["as_of"] == "2026-02-15T16:00:00Z"
    lines = _lines(settlement)
    rows = (DEMO / "README.md").read_text("utf-8").splitlines()
    table = [row.split(" | ") for row in rows if row.startswith("| S-1")]
    begun = {row[0].removeprefix("| ") for row in table[-52:] if row[3] <= "2026-02-15"}
    assert 20 < len(begun) < 52
    assert begun == set(lines)
    assert lines["S-1008"]["unmet"] == ["first_sale_in_time"]
    assert lines["S-1001"] == EXPECTED["S-1001"]
    assert (lines["S-1038"]["outcome"], lines["S-1038"]["held_for"]) == ("held", ["window_open"])
    early = _settled(demo, demo.late, "2026-01-20")
    assert _lines(early)["S-1008"]["held_for"] == ["window_open"]
    assert early.as_json()["totals"] == {}


@pytest.mark.parametrize(
    ("as_of", "provisional"),
    [
        ("2026-03-31", True),
        ("2026-04-29", True),
        ("2026-04-30T23:59:59.999999+08:00", True),
        ("2026-04-30", False),
        ("2026-05-01T00:00:00+08:00", False),
    ],
)
@decision
def test_the_quarter_is_provisional_until_the_last_possible_day_30(
    demo: Demo, as_of: str, provisional: bool
) -> None:
    """Onboarded on 31 March, day 30 is 30 April, whole."""
    assert provisional == _settled(demo, demo.late, as_of).provisional


def test_the_answer_has_the_keys_of_the_contract_and_no_others(demo: Demo) -> None:
    """Scripts read these: renaming or removing one would break them."""
    answer = json.loads(json.dumps(_settled(demo, demo.late).as_json()))
    assert [
        *("program", "period", "terms", "rules_version", "as_of", "known_at", "provisional"),
        *("assumptions", "totals", "decisions", "stands", "lines", "obligations"),
    ] == list(answer)
    assert answer["stands"] == "fresh"
    assert answer["period"] == {"from": "2026-01-01", "to": "2026-03-31"}
    assert {"publisher", "version", "digest"} == set(answer["terms"])
    assert {("parameter", "because")} == {tuple(one) for one in answer["assumptions"]}
    keys = (
        *("line", "kind", "payer", "payee", "subject", "outcome", "amount", "currency"),
        *("unmet", "held_for", "explanation"),
    )
    assert {keys} == {tuple(line) for line in answer["lines"]}
    assert answer["obligations"] == []


def test_the_answer_names_what_it_rests_on(demo: Demo) -> None:
    """As-of, known-at, the version and digest of the terms, the rules, every assumption."""
    answer = _settled(demo, demo.late).as_json()
    with demo.book.reading() as connection:
        clocks = Clocks(NOW, demo.late)
        edition = published_edition(connection, PROGRAM, clocks)
    assert answer["program"] == PROGRAM
    assert ("2026-06-30T16:00:00Z", demo.late) == (answer["as_of"], answer["known_at"])
    assert {"publisher": "duebook", "version": 2, "digest": edition.digest} == answer["terms"]
    assert edition.digest.startswith("sha256:")
    assert answer["rules_version"] == 1
    assert edition.assumed == {a["parameter"]: a["because"] for a in answer["assumptions"]}
    acme = _settled(demo, demo.acme).as_json()
    assert (acme["terms"]["publisher"], acme["terms"]["version"]) == ("acme", 2)
    assert edition.digest != acme["terms"]["digest"]


def test_lines_are_sorted_and_what_is_not_payable_is_zero(demo: Demo) -> None:
    """Zero is written with the currency's decimals; a held line says for what, a declined why."""
    lines = _settled(demo, demo.late).as_json()["lines"]
    names = [line["line"] for line in lines]
    assert sorted(names) == names
    for line in lines:
        assert f"{PROGRAM}/{line['subject'].removeprefix('store:')}" == line["line"]
        assert (line["kind"], line["currency"]) == ("incentive", "CNY")
        assert (line["outcome"] == "payable") == (line["amount"] != "0.00")
        assert (line["outcome"] == "declined") == bool(line["unmet"])
        assert (line["outcome"] == "held") == bool(line["held_for"])


def test_settling_again_gives_the_same_answer(demo: Demo) -> None:
    """Byte by byte, explanations included."""
    one, two = (json.dumps(_settled(demo, demo.late).as_json()) for _ in range(2))
    assert one == two


def test_stores_that_nobody_introduced_in_the_term_have_no_line(demo: Demo) -> None:
    """No partner, or onboarded before or after the quarter."""
    lines = _lines(_settled(demo, demo.late))
    assert not {"S-0996", "S-1052", "S-0997", "S-1057", "S-1099"} & set(lines)
    for store in ("S-0996", "S-1057", "S-9999", ""):
        assert _settled(demo, demo.late, subjects=frozenset({store})).lines == []


@pytest.mark.parametrize("line", [PROGRAM, f"{PROGRAM}/", "", "S-1001"])
@decision
def test_a_text_that_names_no_line_is_refused(demo: Demo, line: str) -> None:
    """A line reads PROGRAM/STORE; the hint says how to list them."""
    with demo.book.reading() as connection, pytest.raises(NoSuchLine, match="is not a line"):
        split_line(connection, line, demo.late)


def test_a_program_that_is_not_published_is_refused(demo: Demo) -> None:
    """With the programs that are, at that known-at."""
    with demo.book.reading() as connection:
        with pytest.raises(UnknownProgram) as refused:
            published_edition(connection, "growth-2027-05", Clocks(NOW, demo.late))
        with pytest.raises(UnknownProgram):
            split_line(connection, "growth-2027-05/S-1001", demo.late)
    assert refused.value.hint.startswith(
        "Did you mean growth-2026-05? Published: account-binding-us-2024, affiliate-us-2024, "
        "deposit-2020, growth-2026-05, "
    )
    assert f" {PROGRAM}, " in refused.value.hint


@pytest.mark.parametrize("period", ["2026-01", "2026q1", ""])
@decision
def test_a_period_is_refused_where_the_edition_settles_its_whole_term(
    demo: Demo, period: str
) -> None:
    """The refusal shows what to write without it."""
    with pytest.raises(WrongPeriod) as refused:
        _settled(demo, demo.late, period=period)
    assert refused.value.hint == f"Leave the period out: {PROGRAM}"
