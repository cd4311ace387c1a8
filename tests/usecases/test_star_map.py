"""The star-map by month: settled, explained, closed, adjusted, booked; what its months may be."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.aggregates.live_task import LiveTaskOrdered
from ledger.intake.platform.canonical import read as read_canonical
from ledger.intake.rows import Parsed
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import LeftOpen, NoSuchLine, PeriodOpen, TermsConflict, WrongPeriod
from ledger.kernel.instants import parse_instant
from ledger.programs.edition import parse_toml, to_toml
from ledger.programs.periods import month
from ledger.programs.registry import shipped
from ledger.store.book import Book
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.closing.replay import replay
from ledger.usecases.reconciling.reconcile import reconcile
from ledger.usecases.recording.record import record_stage
from ledger.usecases.recording.stage import Stage, staged
from ledger.usecases.settling.explain import explain
from ledger.usecases.settling.settle import as_published, settle
from ledger.usecases.statements.pay import pay
from ledger.usecases.statements.statement import statement
from ledger.usecases.terms.draft import read_terms
from ledger.usecases.terms.editions import edition_at
from ledger.usecases.terms.publish import publish
from ledger.usecases.verifying.closed_periods import verify_closed
from projections.reading import report
from tests.marks import decision, sql

pytestmark = decision

Record = Callable[..., Any]
Fact = dict[str, Any]
PROGRAM, AUGUST = "star-map-2020", "2020-08"
(EDITION,) = (one for one in shipped() if one.program == PROGRAM)
ONBOARDED = {
    "type": "MerchantOnboarded",
    "at": "2020-03-01T10:00:00+08:00",
    "merchant": "M-1",
    "store": "S-1",
    "market": "CN",
}
TASK = {
    "type": "LiveTaskOrdered",
    "at": "2020-08-31T23:59:59+08:00",
    "task": "T-1",
    "store": "S-1",
    "creator": "C-1",
    "category": "cosmetics",
    "link": "third_party",
    "price": "100.00",
    "currency": "CNY",
}
LATE = {**TASK, "task": "T-2", "at": "2020-08-20T00:00:00+08:00", "price": "50.00"}
NEXT = {**TASK, "task": "T-3", "at": "2020-09-01T00:00:00+08:00"}
LISTED = {
    "type": "LinkListed",
    "at": "2020-08-31T23:59:59+08:00",
    "store": "S-1",
    "creator": "C-1",
    "media": "live",
    "link": "third_party",
    "category": "cosmetics",
}


def settled(book: Book, period: str | None, as_of: str = "2020-11-01T00:00:00+08:00") -> Any:
    with book.reading() as connection:
        clocks = Clocks(parse_instant(as_of), book.head().position)
        edition, _ = edition_at(connection, PROGRAM, clocks.known_at)
        return settle(connection, edition, clocks, period=period)


def names(settlement: Any) -> list[str]:
    return [one.line for one in settlement.lines]


def test_a_month_has_the_tasks_ordered_in_it(book: Book, record_facts: Record) -> None:
    """From the first instant of its first day to the last of its last, in the edition's zone."""
    record_facts(book, [ONBOARDED, TASK, LATE, NEXT])
    assert names(settled(book, "2020-07")) == []
    assert names(settled(book, AUGUST)) == [f"{PROGRAM}/T-1", f"{PROGRAM}/T-2"]
    assert names(settled(book, "2020-09")) == [f"{PROGRAM}/T-3"]
    assert names(settled(book, None)) == [f"{PROGRAM}/T-{n}" for n in (1, 2, 3)]


def test_a_month_says_its_days_and_all_of_them_only_where_they_begin(book: Book) -> None:
    """The first month begins with the edition; an open end has no `to`."""
    assert settled(book, AUGUST).head_json()["period"] == {"from": "2020-08-01", "to": "2020-08-31"}
    assert settled(book, "2020-07").head_json()["period"] == {
        "from": "2020-07-31",
        "to": "2020-07-31",
    }
    assert settled(book, None).head_json()["period"] == {"from": "2020-07-31"}


def test_a_month_is_provisional_until_it_ends_and_all_of_them_always(book: Book) -> None:
    """Its last midnight ends it, in the edition's zone."""
    assert settled(book, AUGUST, "2020-08-31T23:59:59+08:00").provisional
    assert not settled(book, AUGUST, "2020-09-01T00:00:00+08:00").provisional
    assert settled(book, None, "2026-01-01T00:00:00+08:00").provisional


@pytest.mark.parametrize(
    ("period", "said"),
    [
        ("2020-8", "found the period '2020-8'"),
        ("2020-13", "found the period '2020-13'"),
        ("2020-00", "found the period '2020-00'"),
        ("August", "found the period 'August'"),
        ("2020-08-01", "found the period '2020-08-01'"),
        ("٢٠٢٠-٠٨", "found the period"),
        ("9999-12", "found the period '9999-12'"),
        ("", "found the period ''"),
        ("2020-06", "2020-06 is outside star-map-2020, in force from 2020-07-31 on"),
    ],
)
def test_what_is_no_month_of_the_edition_is_refused(book: Book, period: str, said: str) -> None:
    """With the month that could be meant."""
    with pytest.raises(WrongPeriod) as refused:
        settled(book, period)
    assert said in refused.value.sentence
    meant = "2020-08" if period in ("2020-8", "2020-08-01") else "2020-07"
    assert refused.value.hint.endswith(f"star-map-2020 {meant}")


def test_an_edition_with_an_end_has_no_month_after_it() -> None:
    """Its last month ends with it; without a month there is none to close."""
    ended = EDITION.model_copy(update={"last": EDITION.first.replace(month=9, day=15)})
    days = month(ended, "2020-09")
    assert (str(days.first), str(days.last)) == ("2020-09-01", "2020-09-15")
    with pytest.raises(WrongPeriod, match=r"2020-07-31 to 2020-09-15\.$"):
        month(ended, "2020-10")
    with pytest.raises(WrongPeriod, match="no month was given"):
        month(ended, None)


def test_a_line_is_explained_without_its_month(book: Book, record_facts: Record) -> None:
    """The answer stands on the month of the task; once it has ended it is not provisional."""
    record_facts(book, [ONBOARDED, TASK])
    with book.reading() as connection:
        clocks = Clocks(parse_instant("2020-09-01T00:00:00+08:00"), book.head().position)
        settlement, answer = explain(connection, f"{PROGRAM}/T-1", clocks)
        with pytest.raises(NoSuchLine, match="'T-9'"):
            explain(connection, f"{PROGRAM}/T-9", clocks)
        subjects = frozenset({"T-1"})
        assert settle(connection, EDITION, clocks, period="2020-09", subjects=subjects).lines == []
    assert (settlement.period, answer["provisional"]) == (AUGUST, False)
    assert answer["period"] == {"from": "2020-08-01", "to": "2020-08-31"}
    assert answer["amount"] == "-20.00"
    tree = answer["explanation"]
    assert "20 %" in tree["parts"][0]["observed"]
    assert "5 %" in tree["parts"][0]["parts"][0]["observed"], "the row that lost stays"
    assert [one["type"] for one in answer["facts"]] == ["LiveTaskOrdered"]


@sql
def test_a_month_closes_alone_and_a_late_task_is_an_adjustment(
    book: Book, record_facts: Record, now: int
) -> None:
    """Closing all of them at once is refused; the sealed month replays to the digest."""
    record_facts(book, [ONBOARDED, TASK, NEXT])
    with pytest.raises(WrongPeriod, match="settles by month; no month was given"):
        close(book, PROGRAM, by="lin", now=now)
    before = parse_instant("2020-08-31T23:59:59+08:00")
    with pytest.raises(PeriodOpen) as early:
        close(book, PROGRAM, AUGUST, by="lin", now=before)
    assert "star-map-2020/2020-08 is provisional until 2020-08-31T16:00:00Z" in str(early.value)
    assert "duebook settle star-map-2020 2020-08" in early.value.hint
    answer = close(book, PROGRAM, AUGUST, by="lin", now=now)
    assert answer["period"] == {"from": "2020-08-01", "to": "2020-08-31"}
    assert [one["statement"] for one in answer["statements"]] == [f"{PROGRAM}/{AUGUST}/store:S-1"]
    assert answer["totals"] == {"CNY": "-20.00"}
    late = record_facts(book, [LATE]).position
    found, _ = adjust(book, PROGRAM, AUGUST, by="lin", now=now)
    (change,) = found.as_json()["adjustments"]
    assert (change["line"], change["was"], change["now"]) == (f"{PROGRAM}/T-2", None, "-10.00")
    assert change["because"] == [late]
    with book.reading() as connection:
        assert replay(connection, PROGRAM, AUGUST, known_at=book.head().position).identical
        said = statement(connection, PROGRAM, AUGUST, None, Clocks(FOREVER, book.head().position))
    assert said["statements"][0]["due"] == "-30.00"
    assert all(check.ok for check in verify_closed(book, lambda what, more: None))


@sql
def test_a_task_that_moves_out_of_a_closed_month_is_taken_back_from_it(
    book: Book, record_facts: Record, now: int
) -> None:
    """An earlier report of the task puts it into the month before."""
    record_facts(book, [ONBOARDED, TASK])
    close(book, PROGRAM, AUGUST, by="lin", now=now)
    early = {**TASK, "at": "2020-07-31T12:00:00+08:00", "creator_fee": "1000.00"}
    moved = record_facts(book, [early]).position
    found, _ = adjust(book, PROGRAM, AUGUST, by="lin", now=now)
    (change,) = found.as_json()["adjustments"]
    assert (change["was"], change["now"], change["difference"]) == ("-20.00", "0.00", "20.00")
    assert change["because"] == [moved]
    assert names(settled(book, "2020-07")) == [f"{PROGRAM}/T-1"]


def test_the_fee_is_income_and_the_store_owes_it(
    book: Book, record_facts: Record, now: int
) -> None:
    """At the close a receivable; what the store pays clears it."""
    record_facts(book, [ONBOARDED, TASK])
    close(book, PROGRAM, AUGUST, by="lin", now=now)
    owes = {"Assets:Receivable:store:S-1": "20.00", f"Income:ServiceFee:{PROGRAM}": "-20.00"}
    assert _balances(book) == owes
    name = f"{PROGRAM}/{AUGUST}/store:S-1"
    pay(book, name, amount="-20.00", currency="CNY", ref="bank-1", by="lin", now=now)
    paid = {"Assets:Cash": "20.00", f"Income:ServiceFee:{PROGRAM}": "-20.00"}
    assert _balances(book) == paid


def _balances(book: Book) -> dict[str, str]:
    rows = report(book, "trial-balance").rows
    return {row["account"]: row["balance"] for row in rows if row["balance"].strip("-0.")}


@pytest.mark.parametrize(
    ("fact", "code"),
    [
        (LISTED, "link_not_allowed"),
        ({**LISTED, "task": "T-9", "media": "short_video"}, "unknown_task"),
        ({**TASK, "at": "2020-08-31T23:59:58+08:00"}, "ordered_twice"),
        ({**LATE, "store": "S-9"}, "unknown_store"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_within_the_month_touches_its_close(
    book: Book, record_facts: Record, now: int, fact: Fact, code: str
) -> None:
    """Listings too, although no line rests on them; another month closes all the same."""
    next_month = {**LISTED, "at": "2020-09-01T00:00:00+08:00", "link": "shop"}
    record_facts(book, [ONBOARDED, TASK, fact, next_month])
    with pytest.raises(LeftOpen) as refused:
        close(book, PROGRAM, AUGUST, by="lin", now=now)
    assert [one["code"] for one in refused.value.facts["exceptions"]] == [code]  # type: ignore
    assert close(book, PROGRAM, "2020-09", by="lin", now=now)["exceptions"] == 0
    closed = close(book, PROGRAM, AUGUST, by="lin", now=now, leave_open="the platform is asked")
    assert closed["exceptions"] == 1


def test_a_second_report_of_a_task_touches_the_close_of_its_own_month_alone(
    book: Book, record_facts: Record, now: int
) -> None:
    """The month of the report that counts closes without a word; the later one does not."""
    again = {**TASK, "at": "2020-09-05T10:00:00+08:00", "store": "S-9"}
    record_facts(book, [ONBOARDED, {**ONBOARDED, "store": "S-9"}, TASK, again])
    assert close(book, PROGRAM, AUGUST, by="lin", now=now)["exceptions"] == 0
    with pytest.raises(LeftOpen, match="ordered_twice"):
        close(book, PROGRAM, "2020-09", by="lin", now=now)


def test_a_task_of_a_store_that_nobody_onboarded_says_what_a_third_partys_shop_asks_for(
    book: Book, record_facts: Record
) -> None:
    """Waiting would be in vain: the hint says how the month is closed; the line stands."""
    (warned,) = record_facts(book, [TASK]).warnings
    assert warned.code == "unknown_store"
    assert "third party's shop never may be" in warned.hint
    assert names(settled(book, AUGUST)) == [f"{PROGRAM}/T-1"]


def test_a_task_before_its_stores_onboarding_is_no_exception(
    book: Book, record_facts: Record
) -> None:
    """A task is no event of the store."""
    assert record_facts(book, [TASK, {**ONBOARDED, "at": "2020-09-01T00:00:00Z"}]).warnings == []


def test_an_amount_below_zero_of_an_older_book_is_no_gain_for_the_store(book: Book) -> None:
    """Older versions took it in: it is read as it is, and charged nothing."""
    fields = {key: value for key, value in TASK.items() if key not in ("type", "at")}
    stage = Stage()
    old = LiveTaskOrdered(**fields | {"price": "-0.50"})
    stage.add([staged(0, Parsed(old, parse_instant(TASK["at"]), "test"))])
    assert record_stage(book, stage, by="test").recorded == 1
    (line,) = settled(book, AUGUST).lines
    assert (line.outcome, line.amount_text) == ("payable", "0.00")


@pytest.mark.parametrize("field", ["price", "creator_fee", "gmv"])
def test_an_amount_below_zero_is_refused_where_it_comes_in(
    book: Book, record_facts: Record, field: str
) -> None:
    """With field, found and expected; zero is an amount."""
    (refused,) = record_facts(book, [{**TASK, field: "-0.01"}]).rejected
    assert (refused.code, refused.error) == (
        "invalid_field",
        f"{field}: found '-0.01', expected: an amount of zero or more.",
    )
    assert record_facts(book, [{**TASK, field: "0.00"}]).recorded == 1


def test_a_held_task_refuses_the_close_and_is_adjusted_once_its_price_is_known(
    book: Book, record_facts: Record, now: int
) -> None:
    """The report without a price is withdrawn for one with it."""
    bare = {name: value for name, value in TASK.items() if name != "price"}
    record_facts(book, [ONBOARDED, {**bare, "id": "t-1"}])
    with pytest.raises(LeftOpen, match="base_missing"):
        close(book, PROGRAM, AUGUST, by="lin", now=now)
    close(book, PROGRAM, AUGUST, by="lin", now=now, leave_open="the price comes later")
    taken = {"type": "FactWithdrawn", "at": TASK["at"], "id": "t-1", "reason": "no price"}
    record_facts(book, [taken, {**TASK, "id": "t-2"}])
    found, _ = adjust(book, PROGRAM, AUGUST, by="lin", now=now)
    (change,) = found.as_json()["adjustments"]
    assert (change["was"], change["now"], change["outcome"]) == ("0.00", "-20.00", "payable")


def test_a_closed_month_keeps_its_schedule(
    book: Book, record_facts: Record, now: int, tmp_path: Path
) -> None:
    """A later version counts for months that are still open, also with a row of the past."""
    record_facts(book, [ONBOARDED, TASK])
    close(book, PROGRAM, AUGUST, by="lin", now=now)
    row = {"from": "2020-08-25", "link": "third_party", "base": "price", "rate": "0.30"}
    schedule = [*EDITION.terms["schedule"], row]
    terms = {"terms": {**EDITION.terms, "schedule": schedule}, "version": 2}
    publish(book, EDITION.model_copy(update=terms), "lin")
    record_facts(book, [NEXT])
    found, _ = adjust(book, PROGRAM, AUGUST, by="lin", now=now)
    assert found.corrections == []
    assert [one.amount.text for one in settled(book, "2020-09").lines] == ["-30.00"]


def test_a_draft_of_a_month_is_compared_with_the_same_month(
    book: Book, record_facts: Record
) -> None:
    """Not with all tasks; where the published edition has no such month, with nothing."""
    record_facts(book, [ONBOARDED, TASK, NEXT])
    with book.reading() as connection:
        clocks = Clocks(parse_instant("2020-11-01T00:00:00+08:00"), book.head().position)
        found = as_published(connection, PROGRAM, clocks, AUGUST)
        assert found is not None
        assert names(found) == [f"{PROGRAM}/T-1"]
        assert as_published(connection, PROGRAM, clocks, "2020-06") is None


def test_two_editions_may_not_charge_the_same_tasks(book: Book, tmp_path: Path) -> None:
    """Tasks name no program: an edition of another id must begin where the first one ends."""
    file = tmp_path / "mine.toml"
    file.write_text(to_toml(EDITION).replace(PROGRAM, "star-map-2021"), encoding="utf-8")
    with pytest.raises(TermsConflict, match="from 2020-07-31 on"):
        publish(book, read_terms(str(file)), "lin")
    assert parse_toml(file.read_text("utf-8"), "mine.toml").terms == EDITION.terms


@pytest.mark.parametrize(
    ("theirs", "because"),
    [
        ("-5.00", ["rate", "schedule_row"]),
        ("-1.00", ["rate"]),
        ("-200.00", ["base"]),
        ("-12.00", ["schedule_row"]),
        ("-3.33", []),
        ("0.00", []),
    ],
)
def test_the_platforms_figure_comes_from_another_rate_base_or_row(
    book: Book, record_facts: Record, tmp_path: Path, theirs: str, because: list[str]
) -> None:
    """20 % of 100.00 is ours; the task's GMV is 1000.00 and the creator's fee 240.00."""
    record_facts(book, [ONBOARDED, {**TASK, "gmv": "1000.00", "creator_fee": "240.00"}])
    file = tmp_path / "theirs.csv"
    file.write_text(f"store,amount,currency\nS-1,{theirs},CNY\n", encoding="utf-8")
    with book.reading() as connection:
        clocks = Clocks(parse_instant("2020-11-01T00:00:00+08:00"), book.head().position)
        found = reconcile(connection, PROGRAM, AUGUST, read_canonical(str(file)), clocks)
    (broken,) = found.breaks
    assert (broken.kind, broken.ours) == ("amount_differs", "-20.00")
    assert [one.because for one in broken.likely] == because
