"""Which facts made a line say something else than before."""

from collections.abc import Callable, Iterable

from sqlalchemy import Connection, select

from ledger.aggregates.base import Recorded
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.decision import Step
from ledger.kernel.errors import NoSuchLine
from ledger.programs.contract import Line
from ledger.programs.edition import Edition
from ledger.programs.registry import rules_of
from ledger.store.log import chunks
from ledger.store.reader import LogReader
from ledger.store.schema import events, withdrawn
from ledger.usecases.settling.settle import settle
from ledger.usecases.statements.closed_period import Stated

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
        self._before: dict[Clocks, dict[str, Step]] = {}

    def load(self, changed: Iterable[tuple[str, Clocks]]) -> None:
        """Works out what many lines rested on at once, where that is quicker than singly."""
        by_clocks: dict[Clocks, int] = {}
        for _line, clocks in changed:
            by_clocks[clocks] = by_clocks.get(clocks, 0) + 1
        for clocks, count in by_clocks.items():
            if count >= WHOLE_FROM:
                found = settle(self.connection, self.edition, clocks, period=self.period)
                self._before[clocks] = {one.line: one.explanation for one in found.lines}

    def of(self, name: str, was: Stated | None, now: Line | None, since: Clocks) -> tuple[int, ...]:
        """Positions of the facts and withdrawals that the change rests on.

        Of the steps that came out otherwise: facts that did not exist, or did not count, when
        the line was stated, and withdrawals of facts that they rested on then. Failing both,
        the same of all steps, then of all that was read; failing that, what is new in the
        subject's stream. Empty where only time has passed.
        """
        before, after = self._tree(name, since), now.explanation if now else None
        for old, new in (_changed(before, after), (_all(before), _all(after))):
            found = self._unknown_then(new, since) | self._withdrawn_since(old, since)
            if found:
                return tuple(sorted(found))
        either = now or was
        assert either is not None
        own = self._new_in(either.subject, since)
        if own and now is None:
            return tuple(sorted(own))
        found = self._unknown_then(self._read(name, self.now), since)
        found |= self._withdrawn_since(self._read(name, since), since)
        return tuple(sorted(found or own))

    def _read(self, line: str, clocks: Clocks) -> set[int]:
        """Every fact that was read to work a line out, whether its steps name it or not."""
        read: set[int] = set()
        self._line(line, clocks, lambda one: read.add(one.position))
        return read

    def _tree(self, line: str, clocks: Clocks) -> Step | None:
        """The explanation of a line as it was worked out then."""
        if clocks in self._before:
            return self._before[clocks].get(line)
        return self._line(line, clocks)

    def _line(
        self, line: str, clocks: Clocks, watch: Callable[[Recorded], None] | None = None
    ) -> Step | None:
        _, _, rest = line.partition("/")
        period, subject = rules_of(self.edition.rules).subject_of(rest)
        try:
            found = settle(
                self.connection,
                self.edition,
                clocks,
                period=period or self.period,
                subject=subject,
                watch=watch,
            )
        except NoSuchLine:
            return None
        return next((one.explanation for one in found.lines if one.line == line), None)

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


def _all(tree: Step | None) -> set[int]:
    return tree.positions() if tree else set()


def _changed(before: Step | None, after: Step | None) -> tuple[set[int], set[int]]:
    """What the steps that came out otherwise rested on, then and now."""
    if before is None or after is None:
        return _all(before), _all(after)
    old = {_name(one): one for one in before.parts}
    new = {_name(one): one for one in after.parts}
    then = set(before.events) - set(after.events)
    now = set(after.events) - set(before.events)
    for name in {*old, *new}:
        was, is_ = old.get(name), new.get(name)
        if was is None or is_ is None or _verdict(was) != _verdict(is_):
            then |= _all(was)
            now |= _all(is_)
    return then, now


def _name(step: Step) -> str:
    return step.code or step.label


def _verdict(step: Step) -> tuple[object, ...]:
    """What a step came to, whatever it rests on."""
    return step.met, step.pending, step.amount, step.required, step.observed
