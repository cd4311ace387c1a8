"""Which facts made a line say something else than before."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import NoSuchLine
from ledger.programs.contract import Line
from ledger.programs.edition import Edition
from ledger.programs.registry import rules_of
from ledger.store.reader import LogReader, chunks
from ledger.store.schema import events, withdrawn
from ledger.usecases.closed import Stated
from ledger.usecases.settle import settle

WHOLE_FROM = 200
"""From so many changed lines on the old state is worked out whole, not line by line."""


class Causes:
    """Compares what lines rest on now with what they rested on when they were last stated."""

    def __init__(
        self, connection: Connection, edition: Edition, period: str | None, now: Clocks
    ) -> None:
        self.connection = connection
        self.edition = edition
        self.period = period
        self.now = now
        self._before: dict[Clocks, dict[str, set[int]]] = {}

    def load(self, changed: Iterable[tuple[str, Clocks]]) -> None:
        """Works out what many lines rested on at once, where that is quicker than singly."""
        by_clocks: dict[Clocks, int] = {}
        for _line, clocks in changed:
            by_clocks[clocks] = by_clocks.get(clocks, 0) + 1
        for clocks, count in by_clocks.items():
            if count >= WHOLE_FROM:
                found = settle(self.connection, self.edition, clocks, period=self.period)
                self._before[clocks] = {
                    one.line: one.explanation.positions() for one in found.lines
                }

    def of(self, name: str, was: Stated | None, now: Line | None, since: Clocks) -> tuple[int, ...]:
        """Positions of the facts and withdrawals that the change rests on.

        Facts that are cited now and did not exist, or did not count, when the line was stated;
        withdrawals of facts cited then; failing both, what is new in the subject's stream.
        Empty where only time has passed.
        """
        cited = now.explanation.positions() if now else set()
        found = self._unknown_then(cited, since)
        then = self._rested_on(name, since) if was else set()
        found |= self._withdrawn_since(then, since)
        if not found:
            either = now or was
            assert either is not None
            found = self._new_in(either.subject, since)
        return tuple(sorted(found))

    def _rested_on(self, line: str, clocks: Clocks) -> set[int]:
        if clocks in self._before:
            return self._before[clocks].get(line, set())
        _, _, rest = line.partition("/")
        period, subject = rules_of(self.edition.rules).subject_of(rest)
        try:
            found = settle(self.connection, self.edition, clocks, period=period, subject=subject)
        except NoSuchLine:
            return set()
        return {p for one in found.lines if one.line == line for p in one.explanation.positions()}

    def _unknown_then(self, positions: set[int], then: Clocks) -> set[int]:
        late = {one for one in positions if one > then.known_at}
        c = events.c
        for chunk in chunks(sorted(positions - late)):
            query = select(c.position).where(c.position.in_(chunk), c.at > then.as_of)
            late |= {row[0] for row in self.connection.execute(query)}
        return late

    def _withdrawn_since(self, positions: set[int], then: Clocks) -> set[int]:
        w = withdrawn.c
        found = set()
        for chunk in chunks(sorted(positions)):
            query = select(w.position).where(
                w.target.in_(chunk), w.position > then.known_at, w.position <= self.now.known_at
            )
            found |= {row[0] for row in self.connection.execute(query)}
        return found

    def _new_in(self, stream: str, then: Clocks) -> set[int]:
        reader = LogReader(self.connection, self.now._replace(as_of=FOREVER))
        c, w = events.c, withdrawn.c
        lifted = (
            select(w.position)
            .join_from(withdrawn, events, events.c.position == w.target)
            .where(c.stream == stream, w.position > then.known_at)
            .where(w.position <= self.now.known_at)
        )
        found = {row[0] for row in self.connection.execute(lifted)}
        return found | {
            one.position
            for one in reader.facts([stream])
            if one.at <= self.now.as_of and (one.position > then.known_at or one.at > then.as_of)
        }
