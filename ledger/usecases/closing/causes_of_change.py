"""Which facts changed a line."""

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
    """Compares what lines are based on now with what they were based on when last stated."""

    def __init__(
        self, connection: Connection, edition: Edition, period: str | None, now: Clocks
    ) -> None:
        self.connection = connection
        self.edition = edition
        self.period = period
        self.now = now

    def of(self, changed: Changed) -> list[tuple[int, ...]]:
        """Per change, the positions of the facts and withdrawals that caused it, ascending.

        Looks first at the steps whose result changed: facts that did not exist or did not count
        when the line was stated, and withdrawals of facts that the steps used then. Failing
        that, the same for all steps, then for everything that was read; failing that, what is
        new in the subject's stream. Empty where only time has passed.
        """
        before = self._trees(changed)
        named = [
            self._of_steps(before.get((change.line.line, since)), change.now, since)
            for change, since in changed
        ]
        silent = [pair for pair, positions in zip(changed, named, strict=True) if not positions]
        read = self._lines_that_read_anything_new(silent)
        return [
            tuple(sorted(positions or self._of_reading(change, since, read)))
            for (change, since), positions in zip(changed, named, strict=True)
        ]

    def _trees(self, changed: Changed) -> dict[tuple[str, Clocks], Step]:
        """The explanations of the lines as they were worked out when last stated."""
        return {
            (line.line, clocks): line.explanation
            for clocks, names in _by_clocks(changed).items()
            for line in self._settled(names, clocks)
        }

    def _of_steps(self, before: Step | None, now: Line | None, since: Clocks) -> set[int]:
        after = now.explanation if now else None
        for old, new in (_changed(before, after), (_all(before), _all(after))):
            causes = self._unknown_then(new, since) | self._withdrawn_since(old, since)
            causes |= self._archives(new - old)
            if causes:
                return causes
        return set()

    def _of_reading(self, change: Change, since: Clocks, read: set[str]) -> set[int]:
        """Where the steps give no cause: new facts that were read, named by a step or not."""
        own = self._new_in(change.line.subject, since)
        name = change.line.line
        if name not in read or (own and change.now is None):
            return own
        new = self._new_among({name}, since)
        return new or own

    def _lines_that_read_anything_new(self, silent: Changed) -> set[str]:
        """Lines of each group that as a whole read something new. Groups are checked first:
        mostly nothing is new, and then no line has to be checked alone."""
        lines: set[str] = set()
        for clocks, names in _by_clocks(silent).items():
            if self._new_among(names, clocks):
                lines |= names
        return lines

    def _new_among(self, names: set[str], since: Clocks) -> set[int]:
        """New facts, and withdrawals, among the facts read to work some lines out."""
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
        """All lines of the subjects of some lines, worked out at the clocks."""
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
            )  # an order happened on its own date, whenever it was archived
            late |= {row[0] for row in self.connection.execute(query)}
        return late

    def _archives(self, positions: set[int]) -> set[int]:
        """The `OrdersArchived` events among positions that are new: they change what counts."""
        c = events.c
        calls = set()
        for chunk in chunks(sorted(positions)):
            query = select(c.position).where(c.position.in_(chunk), c.stream == ORDERS_STREAM)
            calls |= {row[0] for row in self.connection.execute(query)}
        return calls

    def _withdrawn_since(self, positions: set[int], then: Clocks) -> set[int]:
        w = withdrawn.c
        withdrawals = set()
        for chunk in chunks(sorted(positions)):
            query = select(w.position).where(
                w.target.in_(chunk), w.position > then.known_at, w.position <= self.now.known_at
            )
            withdrawals |= {row[0] for row in self.connection.execute(query)}
        return withdrawals

    def _new_in(self, stream: str, then: Clocks) -> set[int]:
        reader = LogReader(self.connection, self.now._replace(as_of=FOREVER))
        c, w = events.c, withdrawn.c
        withdrawals = (
            select(w.position)
            .join_from(withdrawn, events, events.c.position == w.target)
            .where(c.stream == stream, w.position > then.known_at)
            .where(w.position <= self.now.known_at)
        )
        positions = {row[0] for row in self.connection.execute(withdrawals)}
        return positions | {
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
    """What the steps whose result changed were based on, then and now."""
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
    """The result of a step, regardless of the facts behind it."""
    return step.met, step.pending, step.amount, step.required, step.observed
