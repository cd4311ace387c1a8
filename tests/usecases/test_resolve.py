"""Resolving breaks: what each resolution does, for how long it stands, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from ledger.aggregates.reconciliation import BreakResolved
from ledger.aggregates.settlement import StatementAdjusted
from ledger.kernel.errors import (
    BadResolution,
    ConcurrentWrite,
    NoSuchBreak,
    NothingKept,
    ReadOnlyBook,
)
from ledger.store.book import open_book
from ledger.store.log import read_log
from ledger.usecases.reconciling import resolve as resolving
from ledger.usecases.reconciling.resolve import resolve
from ledger.usecases.terms.publish import publish
from tests.marks import decision, sql
from tests.quarter import NOW, PROGRAM, TERM_OVER, changes, closure, edition, on_sqlite
from tests.reconciling import PLAIN, SOUND, Desk, breaks, discounted, rows

pytestmark = decision

DIFFERS = f"{PROGRAM}/S-5#amount_differs"
MISSING = f"{PROGRAM}/S-2#missing_theirs"
OTHERS = ("platform_error", "timing", "other")
LESS = [*PLAIN, *rows(("S-5", "1000.00"))]
"""The platform pays S-5 at another ratio."""


@pytest.fixture
def desk(book: Any, tmp_path: Path) -> Desk:
    """S-1 and S-2 of P-1 at 2000.00, S-5 of P-2 at 1600.00; open."""
    return discounted(book, tmp_path)


@pytest.fixture
def closed(desk: Desk) -> Desk:
    """The same, closed."""
    desk.close(as_of=TERM_OVER)
    return desk


def opened(desk: Desk, file: list[list[str]]) -> list[str]:
    """The breaks of a comparison that nobody has resolved."""
    return [one.id for one in desk.compare(file).open]


def last(desk: Desk, kind: type[Any]) -> Any:
    """The last event of a kind in the log."""
    with desk.book.reading() as connection:
        return [one for one in read_log(connection) if isinstance(one.event, kind)][-1]


@pytest.mark.parametrize("resolution", OTHERS)
def test_a_resolution_closes_the_break_and_issues_nothing(desk: Desk, resolution: str) -> None:
    """It is in the log with its reason and who decided; the break is shown with it."""
    desk.run(LESS)
    run = desk.book.head().position
    answer = desk.resolve(DIFFERS, resolution)
    assert (answer["break"], answer["resolution"], answer["adjusted"]) == (DIFFERS, resolution, 0)
    found = last(desk, BreakResolved)
    assert (found.by, found.event.reason, found.event.theirs) == ("lin", "as agreed", "1000.00")
    assert (found.event.run, answer["position"]) == (run, run + 1)
    again = desk.compare(LESS).as_json()
    assert (again["open"], again["breaks"][0]["resolution"]) == (0, resolution)
    assert desk.failing() == {}


def test_a_resolution_stands_while_the_platforms_figure_is_the_same(closed: Desk) -> None:
    """Whatever becomes of ours: another figure of theirs opens the break again."""
    closed.run(LESS)
    closed.resolve(DIFFERS, "platform_error")
    assert opened(closed, LESS) == []
    assert opened(closed, [*PLAIN, *rows(("S-5", "1000.01"))]) == [DIFFERS]
    assert opened(closed, LESS) == []
    closed.tell([closure("S-5")])
    closed.adjust()
    assert breaks(closed.compare(LESS))["S-5#amount_differs"][0] == "0.00"
    assert opened(closed, LESS) == []


def test_a_break_of_another_kind_is_another_break(desk: Desk) -> None:
    """That the amount was wrong says nothing of the day on which the line is gone."""
    desk.run(LESS)
    desk.resolve(DIFFERS, "timing")
    assert opened(desk, PLAIN) == [f"{PROGRAM}/S-5#missing_theirs"]


@sql
def test_a_missing_line_stays_resolved_until_it_comes(desk: Desk) -> None:
    """Without a figure there is nothing that could change, but that one appears."""
    desk.run([SOUND[0], SOUND[2]])
    desk.resolve(MISSING, "timing")
    assert opened(desk, [SOUND[0], SOUND[2]]) == []
    assert opened(desk, [*SOUND[::2], *rows(("S-2", "1.00"))]) == [f"{PROGRAM}/S-2#amount_differs"]


def test_the_last_of_two_resolutions_counts(desk: Desk) -> None:
    """Somebody thinks again; both stay in the log."""
    desk.run(LESS)
    desk.resolve(DIFFERS, "timing")
    desk.resolve(DIFFERS, "platform_error")
    answer = desk.compare(LESS).as_json()
    assert [one["resolution"] for one in answer["breaks"]] == ["platform_error"]


def test_a_resolution_that_was_not_known_yet_does_not_stand(desk: Desk) -> None:
    """At an earlier known-at the break is open, as it was."""
    desk.run(LESS)
    before = desk.book.head().position
    desk.resolve(DIFFERS, "timing")
    assert [one.id for one in desk.compare(LESS, known_at=before).open] == [DIFFERS]


def test_accepting_their_figure_adjusts_the_line_to_it(closed: Desk) -> None:
    """The adjustment names the break and the reason; the next comparison agrees."""
    closed.run(LESS)
    answer = closed.resolve(DIFFERS, "accept_theirs")
    assert answer["adjusted"] == 1
    event = last(closed, StatementAdjusted).event
    assert (event.payee, event.adopted, event.reason) == ("partner:P-2", DIFFERS, "as agreed")
    (line,) = event.lines
    assert (line.was, line.now, line.difference) == ("1600.00", "1000.00", "-600.00")
    assert line.outcome == "payable"
    found = closed.compare(LESS)
    assert (found.breaks, found.matched) == ([], 3)
    assert closed.balances()["Liabilities:Payable:partner:P-2 CNY"] == "-1000.00"
    assert closed.failing() == {}


def test_accepting_that_they_have_no_line_takes_it_to_nothing(closed: Desk) -> None:
    """The whole amount is taken back, and zero needs no partner."""
    closed.run([SOUND[0], SOUND[2]])
    closed.resolve(MISSING, "accept_theirs")
    (line,) = last(closed, StatementAdjusted).event.lines
    assert (line.was, line.now, line.difference) == ("2000.00", "0.00", "-2000.00")
    assert closed.compare([SOUND[0], SOUND[2]]).breaks == []
    assert closed.failing() == {}


def test_a_later_adjustment_leaves_the_accepted_line_alone_and_says_so(closed: Desk) -> None:
    """Other lines are adjusted as ever; the close replays and everything verifies."""
    closed.run(LESS)
    closed.resolve(DIFFERS, "accept_theirs")
    alone = [{"line": f"{PROGRAM}/S-5", "payee": "partner:P-2", "break": DIFFERS}]
    quiet = closed.adjust()
    assert (quiet["adjustments"], quiet["recorded"], quiet["left_alone"]) == ([], 0, alone)
    closed.tell([closure("S-5"), closure("S-1")])
    answer = closed.adjust()
    assert set(changes(answer)) == {("S-1", "partner:P-1")}
    assert answer["left_alone"] == alone
    assert breaks(closed.compare(LESS)) == {
        "S-1#amount_differs": ("0.00", "2000.00", "-2000.00"),
    }
    closed.unchanged()
    assert closed.failing() == {}


def test_an_adjustment_that_left_nothing_alone_says_so(closed: Desk) -> None:
    """The key is always there."""
    closed.tell([closure("S-1")])
    assert closed.adjust()["left_alone"] == []


@sql
def test_another_figure_of_theirs_can_be_accepted_after_the_first(closed: Desk) -> None:
    """From the figure that was accepted, not from the one that was issued."""
    closed.run(LESS)
    closed.resolve(DIFFERS, "accept_theirs")
    more = [*PLAIN, *rows(("S-5", "1700.00"))]
    closed.run(more)
    closed.resolve(DIFFERS, "accept_theirs")
    (line,) = last(closed, StatementAdjusted).event.lines
    assert (line.was, line.now, line.difference) == ("1000.00", "1700.00", "700.00")
    assert closed.compare(more).breaks == []
    assert closed.failing() == {}


def test_a_figure_cannot_be_accepted_before_the_close(desk: Desk) -> None:
    """There is no statement to adjust; the other resolutions are named."""
    desk.run(LESS)
    with desk.refused(BadResolution) as raised:
        desk.resolve(DIFFERS, "accept_theirs")
    assert "is not closed" in raised.value.sentence
    assert "platform_error" in raised.value.hint


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (rows(("S-9", "700.00")), "S-9#missing_ours"),
        (SOUND[:1], "S-1#duplicate_theirs"),
        ([[f"{PROGRAM}/S-4", "7.00", "EUR"]], "S-4#currency_differs"),
    ],
)
def test_only_a_line_of_ours_can_take_their_figure(
    closed: Desk, more: list[list[str]], name: str
) -> None:
    """Not a line that we do not have, a second row, nor an amount of another currency."""
    closed.run([*SOUND, *more])
    with closed.refused(BadResolution) as raised:
        closed.resolve(f"{PROGRAM}/{name}", "accept_theirs")
    assert "we have no line to adjust to the platform" in raised.value.sentence
    closed.resolve(f"{PROGRAM}/{name}", "platform_error")
    assert opened(closed, [*SOUND, *more]) == []


@pytest.mark.parametrize("name", ["S-5", f"{PROGRAM}/S-5", f"{PROGRAM}/S-1#amount_differs", ""])
@on_sqlite
def test_a_break_that_no_run_has_found_is_refused(desk: Desk, name: str) -> None:
    """Also where the comparison was made and not recorded."""
    desk.compare(LESS)
    with desk.refused(NothingKept) as raised:
        desk.resolve(DIFFERS)
    assert "duebook reconcile" in raised.value.hint
    desk.run(LESS)
    with desk.refused(NoSuchBreak):
        desk.resolve(name)


@on_sqlite
def test_breaks_of_another_program_are_not_found(desk: Desk) -> None:
    """A break belongs to the period that it was found in."""
    desk.run(LESS)
    publish(desk.book, edition(PROGRAM, publisher="acme", version=3), "lin")
    with desk.refused(NothingKept):
        desk.resolve(DIFFERS, program="growth-2026-05")


@sql
def test_a_resolution_is_refused_when_somebody_wrote_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked at may not be what is there now: decide again."""
    desk.run(LESS)
    find = resolving._find

    def slow(connection: Connection, *more: Any) -> Any:
        found = find(connection, *more)
        monkeypatch.setattr(resolving, "_find", find)
        desk.tell([closure("S-1")])
        return found

    monkeypatch.setattr(resolving, "_find", slow)
    with pytest.raises(ConcurrentWrite):
        desk.resolve(DIFFERS, "timing")
    assert opened(desk, LESS) != []
    desk.resolve(DIFFERS, "timing")


@on_sqlite
def test_a_book_that_may_only_be_read_takes_no_resolution(desk: Desk) -> None:
    """Refused before anything is looked for."""
    desk.run(LESS)
    other = open_book(desk.book.location, readonly=True)
    said: dict[str, Any] = {"resolution": "timing", "reason": "r", "by": "lin", "now": NOW}
    with pytest.raises(ReadOnlyBook):
        resolve(other, PROGRAM, None, DIFFERS, **said)
    other.close()


def test_what_an_accepted_line_would_have_been_is_no_cause(closed: Desk) -> None:
    """They pay at last what we had issued: no change of the rule is needed to come to that."""
    closed.run(LESS)
    closed.resolve(DIFFERS, "accept_theirs")
    found = closed.compare(SOUND)
    assert breaks(found) == {"S-5#amount_differs": ("1000.00", "1600.00", "-600.00")}
    assert found.breaks[0].likely == ()
