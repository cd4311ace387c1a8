"""A run in parts: its subjects are dealt by payee, and each part is worked out by itself.

A part reads what it depends on from the log, also of other payees, so that its lines are the same
however subjects are dealt, and in whichever process it is worked out.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sqlalchemy import Connection

from ledger.aggregates.base import Recorded
from ledger.kernel.clocks import Clocks
from ledger.programs.contract import Asked, Obligation
from ledger.programs.edition import Edition
from ledger.programs.line import Line, is_consistent
from ledger.programs.registry import program_of
from ledger.store.engines import frugal
from ledger.store.reader import LogReader

if TYPE_CHECKING:
    from ledger.store.book import Book

SUBJECTS_MAX = 1_000
"""Of how many subjects the facts are held at a time."""
FACTS_LEAST = 2
"""A subject has more facts than one; a log of fewer facts holds few subjects."""
Examine = Callable[[Connection, Edition, Clocks, Sequence[Recorded]], list[Any]]
"""What else is asked of all facts that a part has read. It can be named in another process."""


class Part(NamedTuple):
    """What a part of a run is asked; it can be sent to another process."""

    asked: Asked
    clocks: Clocks
    trusting: bool
    explained: bool
    examine: Examine | None


class Done(NamedTuple):
    """What came of a part."""

    lines: list[Line]
    obligations: tuple[Obligation, ...]
    period: str | None
    events_read: int
    windowed: frozenset[str]
    examined: list[Any]


class Workers(Protocol):
    """Who works parts out in place of this process."""

    book: "Book"
    jobs: int
    """Into how many parts a run is dealt at least, where it has so many subjects."""

    def work(self, parts: Sequence[Part]) -> Generator[Done, None, None]:
        """What came of each part, in the order of the parts."""


def dealt(names: Iterable[tuple[str, str]], least: int = 1) -> list[frozenset[str]]:
    """Subjects, each with the name to deal it by, in parts of at most `SUBJECTS_MAX`, and at least
    `least` parts where there are so many subjects.

    Subjects of one name stay together as far as they fit into a part. The largest names are dealt
    first, each to the smallest part, so that parts are about equal.
    """
    by_subject: dict[str, str] = {}
    for subject, name in names:
        by_subject[subject] = min(by_subject.get(subject, name), name)
    count = max(-(-len(by_subject) // SUBJECTS_MAX), min(least, len(by_subject)))
    if count <= 1:
        return [frozenset(by_subject)]
    together: dict[str, list[str]] = defaultdict(list)
    for subject, name in by_subject.items():
        together[name].append(subject)
    fits = -(-len(by_subject) // count)
    pieces = [
        (name, own[start : start + fits])
        for name, own in ((name, sorted(own)) for name, own in together.items())
        for start in range(0, len(own), fits)
    ]
    pieces.sort(key=lambda piece: (-len(piece[1]), piece[0]))
    parts: list[list[str]] = [[] for _ in range(count)]
    smallest = [(0, place) for place in range(count)]
    for _, own in pieces:
        size, place = heapq.heappop(smallest)
        parts[place] += own
        heapq.heappush(smallest, (size + len(own), place))
    return [frozenset(part) for part in parts if part]


def worked_out(
    connection: Connection, part: Part, adapt: Callable[[LogReader], None] | None = None
) -> Done:
    """What the rules make of a part: the one call of a rule. `adapt` changes what is read."""
    asked, edition = part.asked, part.asked.edition
    program = program_of(edition.rules)
    version = edition.rules_version or max(program.versions)
    reader = LogReader(connection, part.clocks)
    reader.trusting = part.trusting
    seen: list[Recorded] = []
    if part.examine is not None:
        reader.watch = seen.append
    if adapt is not None:
        adapt(reader)
    answer = program.versions[version](reader, asked)
    lines = answer.lines
    assert all(map(is_consistent, lines)), "an outcome that does not go with its amount"
    if not part.explained:
        lines = [line.unexplained() for line in lines]
    examined = part.examine(connection, edition, part.clocks, seen) if part.examine else []
    read = (reader.events_read, frozenset(reader.windowed))
    return Done(lines, answer.obligations, answer.period, *read, examined)


def own_lines(done: Done, part: Part) -> list[Line]:
    """A part's lines, without those that a rule adds of subjects that are not in the part."""
    subjects, edition = part.asked.subjects, part.asked.edition
    assert subjects is not None, "a part of a run has subjects"
    split, skipped = program_of(edition.rules).subject_of, len(edition.program) + 1
    return [line for line in done.lines if split(line.line[skipped:])[1] in subjects]


def parts_of(connection: Connection, whole: Part, least: int) -> list[Part]:
    """The parts of a run without subjects; a single one where its program deals none, or where
    there are few."""
    program = program_of(whole.asked.edition.rules)
    if program.dealt is None or whole.asked.subjects is not None:
        return [whole]
    if least == 1 and whole.clocks.known_at <= SUBJECTS_MAX * FACTS_LEAST:
        return [whole]  # nobody need ask how many subjects there are
    reader = LogReader(connection, whole.clocks)
    parts = dealt(program.dealt(reader, whole.asked), least)
    if len(parts) == 1:
        return [whole]
    return [whole._replace(asked=whole.asked._replace(subjects=subjects)) for subjects in parts]


def in_this_process(
    connection: Connection, parts: Sequence[Part], adapt: Callable[[LogReader], None]
) -> Generator[Done]:
    """The parts worked out here, one after another."""
    with frugal(connection) if len(parts) > 1 else nullcontext():
        yield from map(partial(worked_out, connection, adapt=adapt), parts)
