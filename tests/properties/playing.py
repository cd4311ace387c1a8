"""Plays a story in a book, and asks after every adjustment whether it holds."""

import json
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.kernel.money import Money
from ledger.programs.edition import Edition
from ledger.programs.registry import checked, shipped
from ledger.store.book import Book
from ledger.store.log import read_log
from ledger.usecases.closing.adjust import Adjustment, adjust, adjustment
from ledger.usecases.closing.close import close
from ledger.usecases.closing.replay import replay
from ledger.usecases.closing.terms_of_close import filled_terms
from ledger.usecases.recording.record import record
from ledger.usecases.recording.withdraw import withdraw
from ledger.usecases.settling.settle import settle
from ledger.usecases.statements.closed_period import ClosedPeriod, closed_period
from ledger.usecases.statements.pay import pay
from ledger.usecases.terms.publish import publish
from projections.catalogue import VIEWS
from projections.runner import catch_up
from tests.properties.holding import (
    assert_books_hold,
    assert_carried,
    assert_causes,
    assert_taken_over,
    count_changes,
    expected_standings,
)
from tests.properties.late_stories import (
    Adjusted,
    Closed,
    Fact,
    Lifted,
    Looked,
    Paid,
    Published,
    Step,
    Told,
    told_by,
)

LAST, NOW = "2026-11-20T00:00:00+08:00", parse_instant("2026-11-21T12:00:00Z")
MONEY_VIEWS = ("statements", "entries", "balances")
FILLABLE = {"recruiting": "governance_ratios", "growth": "tiers"}


def edition_with(shipped_program: str, changed: dict[str, Any], **head: Any) -> Edition:
    """A user's version of a shipped edition, with other values for some of its parameters."""
    found = _shipped()[shipped_program]
    terms = {name: value for name, value in found.terms.items() if name not in ("make_up_due",)}
    head = {"publisher": "acme", **head, "terms": {**terms, **changed}}
    return checked(found.model_copy(update=head))


@cache
def _shipped() -> dict[str, Edition]:
    return {one.program: one for one in shipped()}


class Player:
    """Plays stories in books of a folder; counts what happened in `seen`."""

    def __init__(self, folder: Path, new_book: Callable[[], Book]) -> None:
        self.folder, self.new_book = folder, new_book
        self.seen: Counter[str] = Counter()

    def check(self, story: list[Step]) -> None:
        """What a story's adjustments come to is what one call of all its facts comes to."""
        book = self.new_book()
        try:
            play = Play(self, book)
            for step in story:
                play.take(step)
            play.end()
            answers = play.answers
        finally:
            book.close()
        fresh = self.new_book()
        try:
            recorded = self.send(fresh, told_by(story))
            assert recorded.recorded == play.facts
            for adjusted, edition, current in answers:
                clocks = Clocks(parse_instant(adjusted.as_of), fresh.head().position)
                with fresh.reading() as connection:
                    assert lines_of(connection, edition, clocks) == current
        finally:
            fresh.close()

    def send(self, book: Book, facts: list[Fact]) -> Any:
        """Records the facts in one call; none may be rejected."""
        path = self.folder / "facts.ndjson"
        path.write_text("".join(json.dumps(fact) + "\n" for fact in facts))
        answer = record(book, [str(path)], now=NOW, by="test")
        assert not answer.rejected, answer.rejected
        return answer


def lines_of(connection: Connection, edition: Edition, clocks: Clocks) -> set[tuple[Any, ...]]:
    """What a fresh run of the rules says."""
    return {one.said() for one in settle(connection, edition, clocks).lines}


class Play:
    """One book that a story is played in."""

    def __init__(self, player: Player, book: Book) -> None:
        self.player, self.book, self.seen = player, book, player.seen
        self.facts = 0
        """Facts that a book to which all is told at once must take in."""
        self.calls: list[dict[int, int]] = []
        """Per call of `record` the positions of its lines."""
        self.closed: dict[str, tuple[str, list[Any]]] = {}
        """Per closed program its digest and lines, as they were at the close."""
        self.used: dict[str, Any] = {}
        """Per closed program the value that filled its parameter, once it was used."""
        self.published: dict[str, dict[str, Any]] = {}
        self.last: dict[str, Adjusted] = {}
        self.stale: set[str] = set()
        """Closed programs of which something may have changed since the last adjustment."""
        self.answers: list[tuple[Adjusted, Edition, set[tuple[Any, ...]]]] = []
        """Per closed program the last adjustment, its terms, and what the lines say in the end."""
        self.payments = 0

    def take(self, step: Step) -> None:
        """One step of the story."""
        if isinstance(step, Told | Lifted | Published | Closed):
            self.stale |= {*self.closed}
        match step:
            case Told():
                self._tell(step)
            case Lifted():
                position = self.calls[step.call][step.line]
                withdraw(self.book, position, reason="wrong", by="test", now=NOW)
                self.facts -= 1
                self.seen["withdrawn by position"] += 1
            case Published():
                publish(self.book, step.edition, by="test")
                self.published[step.edition.program] = step.edition.terms
            case Closed():
                self._close(step)
            case Adjusted():
                self._adjust(step)
            case Paid():
                self._pay(step)
            case Looked():
                for name in MONEY_VIEWS:
                    catch_up(self.book, VIEWS[name])

    def _tell(self, step: Told) -> None:
        before = self.book.head().position
        answer = self.player.send(self.book, step.facts)
        self.facts += answer.recorded
        with self.book.reading() as connection:
            new = [one for one in read_log(connection, before) if one.row]
        assert len(new) == answer.recorded
        self.calls.append({one.row: one.position for one in new})

    def _close(self, step: Closed) -> None:
        before = expected_standings(self.book)
        as_of = parse_instant(step.as_of)
        close(self.book, step.program, by="test", now=NOW, as_of=as_of, leave_open="so be it")
        with self.book.reading() as connection:
            found = closed_period(connection, step.program, None, self.book.head().position)
        if carried := assert_carried(found, before):
            self.seen["brought forward"] += carried
            assert_taken_over(self.book, found)
        self.closed[step.program] = (found.seal.digest, found.as_issued)
        self.stale.add(step.program)

    def _adjust(self, step: Adjusted) -> None:
        as_of = parse_instant(step.as_of)
        clocks = Clocks(as_of, self.book.head().position)
        with self.book.reading() as connection:
            dry = adjustment(connection, step.program, None, clocks)
        found, answer = adjust(self.book, step.program, by="test", now=NOW, as_of=as_of)
        assert found.corrections == dry.corrections
        payees = {one.change.line.payee for one in found.corrections}
        assert answer["recorded"] == len(payees)
        if step.again:
            again, answer = adjust(self.book, step.program, by="test", now=NOW, as_of=as_of)
            assert (again.corrections, answer["recorded"]) == ([], 0)
        self.seen["adjusted without a change"] += not found.corrections
        self._assert_adjusted(step, found)
        self.last[step.program] = step
        self.stale.discard(step.program)

    def _assert_adjusted(self, step: Adjusted, found: Adjustment) -> None:
        """Statements now say what the rules say; the close itself is untouched."""
        head = self.book.head().position
        standings = expected_standings(self.book)
        with self.book.reading() as connection:
            now = closed_period(connection, step.program, None, head)
            current = {one.line.said() for one in now.current.values()}
            clocks = Clocks(found.clocks.as_of, head)
            self._assert_filled(found)
            assert lines_of(connection, found.terms.edition, clocks) == current
            self._assert_replayed(connection, step.program, now)
            assert_causes(connection, found, self.seen)
            count_changes(found, standings, self.seen)

    def _assert_replayed(self, connection: Connection, program: str, now: ClosedPeriod) -> None:
        again = replay(connection, program, None, known_at=self.book.head().position)
        assert again.identical, (again.faults, again.differences)
        assert (now.seal.digest, now.as_issued) == self.closed[program]

    def _assert_filled(self, found: Adjustment) -> None:
        """What was empty at the close comes from the last version, until one was used."""
        base, program = found.terms.base, found.period.seal.program
        name = FILLABLE[base.rules]
        expected = base.terms.get(name)
        if not expected:
            expected = self.used.get(program) or self.published.get(program, {}).get(name)
        assert found.terms.edition.terms == {**base.terms, **({name: expected} if expected else {})}
        rows = [row for event in found.events() for row in event.lines if row.filled]
        if rows:
            assert not base.terms.get(name)
            assert {row.filled for row in rows} == {(name,)}
            self.used[program] = expected
            self.seen["filled"] += len(rows)

    def _pay(self, step: Paid) -> None:
        """Pays one of the statements there are; nothing where nothing is open."""
        standings = expected_standings(self.book)
        stated = sorted(key for key, one in standings.items() if one.stated)
        if not stated:
            return
        statement, currency = key = stated[int(step.which * len(stated))]
        open_, paid = standings[key].due - standings[key].paid, standings[key].paid
        minor = {
            "open": open_,
            "more": open_ + (50_000 if open_ >= 0 else -50_000),
            "less": open_ // 2,
            "ahead": 100_000,
            "back": -paid,
        }[step.how]
        if minor:
            self.payments += 1
            ref, amount = f"pay-{self.payments}", Money(minor, currency).text
            for recorded in (True, False):
                answer = pay(
                    *(self.book, statement),
                    amount=amount,
                    currency=currency,
                    ref=ref,
                    by="test",
                    now=NOW,
                )
                assert answer["recorded"] == recorded
            after = expected_standings(self.book)[key]
            assert answer["open"] == Money(after.due - after.paid, currency).text
            self.seen[f"paid: {step.how}"] += 1

    def end(self) -> None:
        """Adjusts what was told of since, and verifies the whole book."""
        for program in self.closed:
            step = self.last.get(program) or Adjusted(program, LAST, False)
            if program in self.stale:
                self._adjust(step)
            with self.book.reading() as connection:
                head = self.book.head().position
                now = closed_period(connection, program, None, head)
                edition = filled_terms(connection, now, head).edition
            self.answers.append((step, edition, {one.line.said() for one in now.current.values()}))
        assert_books_hold(self.book, list(self.closed))
