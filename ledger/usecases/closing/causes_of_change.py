"""Which facts made a line say something else than before."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, select

from ledger.aggregates.base import Recorded
from ledger.aggregates.orders import ORDERS_STREAM
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.decision import Step
from ledger.programs.edition import Edition
from ledger.programs.line import Change, Line
from ledger.store.log import chunks
from ledger.store.reader import LogReader
from ledger.store.schema import events, withdrawn
from ledger.usecases.settling.settle import settle, subjects_of

Changed = Sequence[tuple[Change, Clocks]]
"""Changes of lines, each with the clocks at which the line was last stated."""


class Causes:
    """Compares what lines rest on now with what they rested on when they were last stated."""

    def __init__(
        self, connection: Connection, edition: Edition, period: str | None, now: Clocks
    ) -> None:
        self.connection = connection
        self.edition = edition
        self.period = period
        self.now = now

    def of(self, changed: Changed) -> list[tuple[int, ...]]:
        """Per change the positions of the facts and withdrawals that it rests on.

        Of the steps that came out otherwise: facts that did not exist, or did not count, when
        the line was stated, and withdrawals of facts that they rested on then. Failing both,
        the same of all steps, then of all that was read; failing that, what is new in the
        subject's stream. Empty where only time has passed.
        """
        before = self._trees(changed)
        named = [
            self._of_steps(before.get((change.line.line, since)), change.now, since)
            for change, since in changed
        ]
        silent = [pair for pair, found in zip(changed, named, strict=True) if not found]
        read = self._lines_that_read_anything_new(silent)
        return [
            tuple(sorted(found or self._of_reading(change, since, read)))
            for (change, since), found in zip(changed, named, strict=True)
        ]

    def _trees(self, changed: Changed) -> dict[tuple[str, Clocks], Step]:
        """The explanations of the lines as they were worked out then."""
        return {
            (line.line, clocks): line.explanation
            for clocks, names in _by_clocks(changed).items()
            for line in self._settled(names, clocks)
        }

    def _of_steps(self, before: Step | None, now: Line | None, since: Clocks) -> set[int]:
        after = now.explanation if now else None
        for old, new in (_changed(before, after), (_all(before), _all(after))):
            found = self._unknown_then(new, since) | self._withdrawn_since(old, since)
            found |= self._archives(new - old)
            if found:
                return found
        return set()

    def _of_reading(self, change: Change, since: Clocks, read: set[str]) -> set[int]:
        """Failing the steps: facts that were read, whether steps name them or not."""
        own = self._new_in(change.line.subject, since)
        name = change.line.line
        if name not in read or (own and change.now is None):
            return own
        found = self._new_among({name}, since)
        return found or own

    def _lines_that_read_anything_new(self, silent: Changed) -> set[str]:
        """Lines of a group of which any has read something new: asked together first, because
        mostly nothing is, and then no line has to be asked alone."""
        found: set[str] = set()
        for clocks, names in _by_clocks(silent).items():
            if self._new_among(names, clocks):
                found |= names
        return found

    def _new_among(self, names: set[str], since: Clocks) -> set[int]:
        """What is new, or was withdrawn, of the facts read to work some lines out."""
        now, then = (self._read(names, clocks) for clocks in (self.now, since))
        return self._unknown_then(now, since) | self._withdrawn_since(then, since)

    def _read(self, names: set[str], clocks: Clocks) -> set[int]:
        """Every fact that was read to work lines out."""
        read: set[int] = set()
        self._settled(names, clocks, lambda fact: read.add(fact.position))
        return read

    def _settled(
        self, names: set[str], clocks: Clocks, watch: Callable[[Recorded], None] | None = None
    ) -> Sequence[Line]:
        """Some lines, and others of their subjects, worked out at the clocks."""
        run = settle(
            self.connection,
            self.edition,
            clocks,
            period=self.period,
            subjects=subjects_of(self.edition, names),
            watch=watch,
        )
        return run.lines

    def _unknown_then(self, positions: set[int], then: Clocks) -> set[int]:
        late = {position for position in positions if position > then.known_at}
        c = events.c
        for chunk in chunks(sorted(positions - late)):
            query = select(c.position).where(
                c.position.in_(chunk), c.at > then.as_of, c.stream != ORDERS_STREAM
            )  # orders happened when they did, whenever they were archived
            late |= {row[0] for row in self.connection.execute(query)}
        return late

    def _archives(self, positions: set[int]) -> set[int]:
        """Calls that brought orders: what counts of them has changed where they are new."""
        c = events.c
        found = set()
        for chunk in chunks(sorted(positions)):
            query = select(c.position).where(c.position.in_(chunk), c.stream == ORDERS_STREAM)
            found |= {row[0] for row in self.connection.execute(query)}
        return found

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
            fact.position
            for fact in reader.facts([stream])
            if fact.at <= self.now.as_of and (fact.position > then.known_at or fact.at > then.as_of)
        }


def _by_clocks(changed: Changed) -> dict[Clocks, set[str]]:
    names: dict[Clocks, set[str]] = {}
    for change, clocks in changed:
        names.setdefault(clocks, set()).add(change.line.line)
    return names


def _all(tree: Step | None) -> set[int]:
    return tree.positions() if tree else set()


def _changed(before: Step | None, after: Step | None) -> tuple[set[int], set[int]]:
    """What the steps that came out otherwise rested on, then and now."""
    if before is None or after is None:
        return _all(before), _all(after)
    old = {_name(part): part for part in before.parts}
    new = {_name(part): part for part in after.parts}
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
