"""Compares a book with the model: its log after every step, all that it says now and then."""

import hashlib
import json
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import select

from ledger.aggregates.catalogue import TOPICS
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import Refusal
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book
from ledger.store.codec import decoder
from ledger.store.schema import events
from ledger.usecases.closing.replay import replay
from ledger.usecases.settling.explain import explain
from ledger.usecases.settling.settle import published_edition, settle
from ledger.usecases.statements.closed_period import closed_period
from ledger.usecases.statements.statement import statement
from ledger.usecases.verifying.closed_periods import verify_closed
from ledger.usecases.verifying.order_archive import verify_orders
from ledger.usecases.verifying.snapshots import verify_snapshots
from ledger.usecases.verifying.verify import verify
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import rebuild
from projections.sql.query import query
from projections.verify import verify_entries, verify_places, verify_views
from tests.quarter import silent
from tests.soak.simulated_model import PERIODS, Event, Foreseen, Model, Period
from tests.soak.simulated_rules import Said, amount
from tests.soak.simulated_steps import NOW

SINCE = [
    *("2020-06-15T00:00:00Z", "2020-11-15T00:00:00Z", "2026-02-10T00:00:00Z"),
    *("2026-06-01T00:00:00Z", "2099-01-01T00:00:00Z"),
]
AS_OF = [*map(parse_instant, SINCE), NOW, NOW]
QUERIES = (
    "SELECT * FROM statements ORDER BY statement",
    "SELECT currency, count(*) FROM entries GROUP BY currency",
    "SELECT * FROM balances ORDER BY 1, 2, 3",
)


class Question(NamedTuple):
    """Something that a book is asked, with an as-of."""

    what: str
    about: str | Period
    as_of: int


class Checks:
    """What a sequence remembers of a book, to hold it against what the book says later."""

    def __init__(self, book: Book, model: Model) -> None:
        self.book, self.model = book, model
        self.hashes: list[bytes] = []
        self.recorded_at = 0
        self.digests: dict[Period, str] = {}
        self.answers: list[tuple[Question, int, str]] = []
        self.look([])

    def look(self, foreseen: list[Event]) -> bool:
        """Whether the events foreseen are in the log, whole; if not, nothing of them is.

        What was there is there as it was, in positions without gaps.
        """
        c = events.c
        with self.book.reading() as connection:
            rows = connection.execute(select(c.position, c.hash).order_by(c.position)).all()
            new = connection.execute(
                select(c.topic, c.state, c.at, c.recorded_at, c.batch, c.row)
                .where(c.position > len(self.hashes))
                .order_by(c.position)
            ).all()
        held = [bytes(row[1]) for row in rows]
        assert [row[0] for row in rows] == list(range(1, len(rows) + 1)), "positions have a gap"
        assert held[: len(self.hashes)] == self.hashes, "what was recorded is lost or altered"
        if not self.hashes:
            self.hashes, self.recorded_at = held, new[-1].recorded_at
            return True
        if not new:
            return not foreseen
        found = [decoder(row.topic)(bytes(row.state)) for row in new]
        names = [TOPICS[row.topic].__name__ for row in new]
        assert names == [name for name, _ in foreseen], (
            f"recorded were {names}; expected were {[name for name, _ in foreseen]}"
        )
        for event, (name, fields) in zip(found, foreseen, strict=True):
            for key, expected in fields.items():
                says = _of(event, key)
                assert says == expected, f"{name}.{key} is {says!r}; expected was {expected!r}"
        if names[0] == "BatchRecorded":
            start = len(self.hashes) + 1
            assert {row.batch for row in new} == {start}, "a batch is in pieces"
        assert new[0].recorded_at >= self.recorded_at, "time runs backwards"
        self.hashes, self.recorded_at = held, new[-1].recorded_at
        return True

    def answered(self, foreseen: Foreseen, answer: dict[str, Any]) -> None:
        """An answer says what was foreseen, and its receipt holds."""
        expected = foreseen.answer
        assert isinstance(expected, dict), f"answered {answer}; expected was {expected}"
        for key, value in expected.items():
            says = answer.get(key)
            if key == "codes":
                says = [one["code"] for one in answer["rejected"]]
            elif key == "adjustments":
                says = {one["line"]: one["now"] for one in answer["adjustments"]}
            elif key == "lines" and isinstance(says, list):
                says = len(says)
            assert says == value, f"it answered {key} {says!r}; expected was {value!r}"
        if "receipt" in answer:
            position, _, digest = answer["receipt"].partition(":")
            assert self.hashes[int(position) - 1].hex() == digest, "the receipt does not hold"
            assert int(position) == len(self.hashes), "the receipt is not of the head"

    def lines(self, period: Period) -> None:
        """The rules say of a period what those by hand say."""
        with self.book.reading() as connection:
            clocks = Clocks(NOW, len(self.hashes))
            edition = published_edition(connection, period[0], clocks)
            found = settle(connection, edition, clocks, period=period[1]).lines
        _same(period, {one.line: _said(one) for one in found}, self.model.lines(period))

    def balances(self) -> None:
        """Every statement stands as the model says."""
        found = {
            one["statement"]: (_sum(one["issued"], one["adjusted"]), one["open"], one["paid"])
            for one in report(self.book, "statements").rows
        }
        expected = {
            name: (amount(one.stated), amount(one.open), amount(one.paid))
            for name, one in self.model.balances.items()
        }
        assert found == expected, _differing("statements", found, expected)

    def closed(self) -> None:
        """Closed periods say what the model says, under the digest that they always had."""
        for period, own in self.model.closed.items():
            with self.book.reading() as connection:
                now = closed_period(connection, *period, len(self.hashes))
            _same(period, {k: _said(one.line) for k, one in now.current.items()}, own.stated)
            digest = self.digests.setdefault(period, now.seal.digest)
            assert now.seal.digest == digest, f"the digest of {period} is another"

    def replayed(self, period: Period) -> None:
        """A closed period comes out again as it was closed."""
        with self.book.reading() as connection:
            again = replay(connection, *period, known_at=len(self.hashes))
        assert again.identical, f"{period} replays otherwise: {again.as_json()}"

    def verified(self, *, closed: bool) -> None:
        """`verify` finds nothing that does not hold; what was closed is most of its work."""
        found = [*verify(self.book, [], silent), *verify_orders(self.book, silent)]
        found += [verify_entries(self.book, silent), *verify_snapshots(self.book)]
        found += [*verify_views(self.book, silent), verify_places(self.book)]
        found += verify_closed(self.book, silent) if closed else []
        assert all(one.ok for one in found), [one for one in found if not one.ok]

    def log_verified(self) -> None:
        """The chain, the receipts and the indexes hold."""
        found = verify(self.book, [], silent)
        assert all(one.ok for one in found), [one for one in found if not one.ok]

    def rebuilt(self) -> None:
        """Each view says after a rebuild what it said before."""
        for name, view in VIEWS.items():
            before = list(report(self.book, name).rows)
            rebuild(self.book, view)
            assert list(report(self.book, name).rows) == before, f"the view {name} was wrong"

    def ask(self, chance: Random) -> None:
        """Asks something at the head, to be asked again later, and something asked before."""
        period = chance.choice(PERIODS)
        lines = sorted(self.model.lines(period)) or ["recruiting/none"]
        what, about = chance.choice(
            [
                *(("settle", period), ("settle", period), ("statement", period)),
                ("report", chance.choice([*VIEWS])),
                *(("query", chance.choice(QUERIES)), ("explain", chance.choice(lines))),
            ]
        )
        question, head = Question(what, about, chance.choice(AS_OF)), len(self.hashes)
        self.answers.append((question, head, self._digest(question, head)))
        question, head, digest = chance.choice(self.answers)
        assert self._digest(question, head) == digest, (
            f"{question} at position {head} is answered otherwise than when that was the head: "
            f"{self._asked(question, head)}"
        )

    def _digest(self, question: Question, known_at: int) -> str:
        text = json.dumps(self._asked(question, known_at), default=str, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _asked(self, question: Question, known_at: int) -> Any:
        clocks, about = Clocks(question.as_of, known_at), question.about
        try:
            if isinstance(about, str) and question.what != "explain":
                if question.what == "report":
                    return list(report(self.book, about, clocks=clocks).rows)
                return list(query(self.book, about, clocks=clocks).rows)
            with self.book.reading() as connection:
                if isinstance(about, str):
                    return explain(connection, about, clocks)[1]
                if question.what == "statement":
                    return statement(connection, *about, None, clocks)
                edition = published_edition(connection, about[0], clocks)
                return settle(connection, edition, clocks, period=about[1]).as_json()
        except Refusal as refusal:
            return type(refusal).__name__


def _of(event: Any, key: str) -> Any:
    """What an event says, in the shape in which it is foreseen."""
    if key == "rows" and hasattr(event, "files"):
        return sum(file.rows for file in event.files)
    says = getattr(event, key)
    if key == "lines" and isinstance(says, tuple):
        return {one.line: getattr(one, "now", None) or one.amount for one in says}
    if key == "brought_forward":
        return {one.statement: one.amount for one in says}
    return says


def _said(line: Any) -> Said:
    return Said(line.payee, line.outcome, line.amount.minor, line.unmet, line.held_for)


def _sum(*texts: str) -> str:
    return amount(sum(int(one.replace(".", "")) for one in texts))


def _same(period: Period, found: dict[str, Said], expected: dict[str, Said]) -> None:
    assert found == expected, _differing(period, found, expected)


def _differing(what: Any, found: dict[str, Any], expected: dict[str, Any]) -> str:
    names = [k for k in sorted({*found, *expected}) if found.get(k) != expected.get(k)]
    said = "; ".join(f"{k} is {found.get(k)}, expected was {expected.get(k)}" for k in names)
    return f"{what}: {said}"
