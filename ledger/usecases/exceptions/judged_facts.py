"""Facts that the terms of programs judge: what published editions say about acts."""

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
    """Exceptions among some facts under the editions published at the reader's clocks.

    An exception that several editions find is reported once, by the first in order of their ids.
    """
    asked = {fact.position: fact for fact in facts if is_judged(fact.event)}
    if not asked:
        return
    seen: set[tuple[int, str, str]] = set()
    for edition, judging in judging_editions(reader.connection, reader.clocks.known_at):
        mine = [fact for fact in asked.values() if isinstance(fact.event, judging.facts)]
        if mine:
            for recorded, surprise in judging.judge(reader, edition, mine):
                key = (recorded.position, surprise.code, surprise.name)
                if key not in seen:
                    seen.add(key)
                    yield asked[recorded.position], surprise


def judging_editions(connection: Connection, known_at: int) -> Iterator[tuple[Edition, Judging]]:
    """The last version of each edition whose program judges facts, with each of its judgements."""
    judges = {
        name: program.judges for name, program in declaring("judges").items() if program.judges
    }
    for edition in last_editions(connection, known_at, judges):
        for judging in judges[edition.rules]:
            yield edition, judging
