"""Facts that the terms of programs judge: what published editions say of acts that happened."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from ledger.aggregates.base import Fact, R
from ledger.aggregates.judge import Surprise
from ledger.programs.edition import Edition
from ledger.programs.program import Judging
from ledger.programs.registry import declaring
from ledger.store.reader import LogReader
from ledger.usecases.terms.editions import last_editions


def is_judged(event: object) -> bool:
    """Whether the terms of some program judge an event."""
    return isinstance(event, Fact) and event.JUDGED


def judged(reader: LogReader, facts: Iterable[R]) -> Iterator[tuple[R, Surprise]]:
    """What the editions that are published at the reader's clocks find odd about some facts.

    What two of them find odd alike is told once, by the first in the order of their ids.
    """
    asked = {fact.position: fact for fact in facts if is_judged(fact.event)}
    if not asked:
        return
    told: set[tuple[int, str, str]] = set()
    for edition, judging in judging_editions(reader.connection, reader.clocks.known_at):
        mine = [one for one in asked.values() if isinstance(one.event, judging.facts)]
        if mine:
            for recorded, surprise in judging.judge(reader, edition, mine):
                key = (recorded.position, surprise.code, surprise.name)
                if key not in told:
                    told.add(key)
                    yield asked[recorded.position], surprise


def judging_editions(connection: Connection, known_at: int) -> Iterator[tuple[Edition, Judging]]:
    """The last version of each edition whose program judges facts, with what it judges."""
    judging = {
        name: program.judges for name, program in declaring("judges").items() if program.judges
    }
    for edition in last_editions(connection, known_at, judging):
        for one in judging[edition.rules]:
            yield edition, one
