"""Settling: what is due to whom and why. Records nothing. The one path to an amount."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.base import Recorded
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoSuchLine, UnknownProgram, WrongPeriod
from ledger.kernel.garbage import no_cycles
from ledger.kernel.instants import format_instant
from ledger.kernel.money import Money, sum_by_currency
from ledger.kernel.period import Span
from ledger.programs.contract import Asked, Obligation
from ledger.programs.edition import Edition
from ledger.programs.line import Line, changes
from ledger.programs.registry import program_of
from ledger.store.order_lines import OrderEngine
from ledger.store.reader import LogReader
from ledger.store.shared_orders import SharedOrders
from ledger.usecases.settling.engines import see_what_it_does
from ledger.usecases.settling.no_such_line import refuse_wrong_period
from ledger.usecases.settling.parts import (
    Done,
    Examine,
    Part,
    Workers,
    in_this_process,
    own_lines,
    parts_of,
)
from ledger.usecases.terms.editions import edition_at

if TYPE_CHECKING:
    from ledger.store.book import Book
    from ledger.usecases.settling.explanation_file import SpooledExplanations


@dataclass(frozen=True)
class Settlement:
    """The lines of an edition at one pair of clocks, with everything they are based on."""

    edition: Edition
    clocks: Clocks
    provisional: bool
    lines: Sequence[Line]
    obligations: Sequence[Obligation] = ()
    period: str | None = None
    days: Span | None = None
    events_read: int = 0
    windowed: frozenset[str] = frozenset()
    """Streams of which the run read only the sales of its own days."""
    changes: list[dict[str, Any]] = field(default_factory=list)
    examined: list[Any] = field(default_factory=list)
    """What `examine` found among the facts that the run has read."""
    stands: Literal["fresh", "issued"] = "fresh"
    """Whether the lines are worked out anew, or are a closed period's as issued and adjusted."""
    engine: dict[str, str] | None = None
    """Name and version of what was asked about order lines, or worked the parts out; None for
    DuckDB and this machine."""

    @property
    def totals(self) -> dict[str, Money]:
        """The payable lines of money, summed per commodity, seen from the payees."""
        amounts = (line.amount for line in self.lines if line.outcome == "payable")
        return sum_by_currency([amount for amount in amounts if amount is not None])

    @property
    def decisions(self) -> dict[str, int]:
        """How many lines without money there are per outcome."""
        counts = Counter(line.outcome for line in self.lines if line.amount is None)
        return dict(sorted(counts.items()))

    def head_json(self) -> dict[str, Any]:
        """What the run is based on, and its totals, without the lines."""
        edition = self.edition
        assert self.days is not None
        period = {"from": str(self.days.first)}
        if self.days.last is not None:
            period["to"] = str(self.days.last)
        return {
            "program": edition.program,
            "period": period,
            "terms": {
                "publisher": edition.publisher,
                "version": edition.version,
                "digest": edition.digest,
            },
            "rules_version": edition.rules_version,
            "as_of": format_instant(self.clocks.as_of),
            "known_at": self.clocks.known_at,
            "provisional": self.provisional,
            **({"engine": self.engine} if self.engine else {}),
            "assumptions": program_of(edition.rules).assumptions(edition),
            "totals": {code: money.text for code, money in self.totals.items()},
            "decisions": self.decisions,
        }

    def as_json(self) -> dict[str, Any]:
        """The answer in the shape of the public contract."""
        return self.json_around([line.as_json() for line in self.lines])

    def json_streamed(self) -> dict[str, Any]:
        """The same, whose lines come one after another, once."""
        return self.json_around(line.as_json() for line in self.lines)

    def json_around(self, lines: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """The answer with lines as they are to stand in it."""
        return self.head_json() | {
            "stands": self.stands,
            "lines": lines,
            "obligations": [obligation.as_json() for obligation in self.obligations],
        }


def settle(
    connection: Connection,
    edition: Edition,
    clocks: Clocks,
    *,
    period: str | None = None,
    subjects: frozenset[str] | None = None,
    watch: Callable[[Recorded], None] | None = None,
    assume: frozenset[str] = frozenset(),
    keep: Callable[[Recorded], bool] | None = None,
    trusting: bool = True,
    shared: SharedOrders | None = None,
    explained: bool = True,
    examine: Examine | None = None,
    processes: Workers | None = None,
    spool: "SpooledExplanations | None" = None,
    engine: OrderEngine | None = None,
) -> Settlement:
    """Works out an edition's lines, or those of some subjects, at a pair of clocks.

    `watch` is called with every fact that is read; `assume` and `keep` change one thing for a
    reconciliation's "what if"; without `trusting` no snapshot is used; with `shared`, runs at the
    same clocks open the order lines once. Without `explained` lines have no explanations; then, or
    with a `spool` that takes those of each part, the facts of a part at most are held at a time.
    `examine` is asked of the facts that each part has read; `processes` work the parts out, those
    of the `engine` where there is one, which answers in place of DuckDB what a program asks of
    order lines. A subject without a line is left out. Raises `WrongPeriod`, `WorkerLost`,
    `NoUseForEngine`, `SparkFailed`, `NotAsHere`, `LogBroken`.
    """
    program = program_of(edition.rules)
    see_what_it_does(edition, engine)
    days = program.days_of(edition, period)
    asked = Asked(edition, period, subjects, assume)

    def adapt(reader: LogReader) -> None:
        reader.watch, reader.keep, reader.shared = watch or reader.watch, keep, shared
        reader.engine = engine

    whole = Part(asked, clocks, trusting, explained, examine)
    by_order = None if program.orders is None else engine
    here = any(own is not None for own in (watch, keep, shared, by_order))
    pool = None if here else processes
    assert engine is None or by_order or pool, "the parts of facts go to the engine's machines"
    parts = parts_of(connection, whole, pool.jobs if pool else 1)
    if pool and engine is None and program.dealt is None:
        _note_that_none_helps(pool.book, edition.program)
    several = pool if len(parts) > 1 or engine else None
    done = several.work(parts) if several else in_this_process(connection, parts, adapt)
    with no_cycles(), closing(done):
        run = _joined(parts, done, spool)
    if run.period is not None and len(parts) == 1:
        period, days = run.period, program.days_of(edition, run.period)
    provisional = program.provisional(edition, period, clocks.as_of)
    return Settlement(
        *(edition, clocks, provisional, run.lines, run.obligations, period, days),
        events_read=run.events_read,
        windowed=run.windowed,
        examined=run.examined,
        engine={"name": engine.name, "version": engine.version} if engine else None,
    )


def _note_that_none_helps(book: "Book", program: str) -> None:
    """Notes for the person that a program does without other processes."""
    note = f"{program} was worked out by one process: its rules take all subjects together."
    if note not in book.notes:
        book.notes.append(note)


def _joined(
    parts: Sequence[Part], done: Iterable[Done], spool: "SpooledExplanations | None"
) -> Done:
    """What came of all parts: the lines by id, the obligations by id."""
    lines: list[Line] = []
    obligations: list[Obligation] = []
    read, windowed, examined, period = 0, set[str](), list[Any](), None
    for part, own in zip(parts, done, strict=True):
        its = own.lines if len(parts) == 1 else own_lines(own, part)
        lines += map(spool.keep, its) if spool and len(parts) > 1 else its
        obligations += own.obligations
        read += own.events_read
        windowed |= own.windowed
        examined += own.examined
        period = own.period
    if len(parts) > 1:
        lines.sort(key=_name_of)
        obligations.sort(key=lambda obligation: obligation.obligation)
    assert len({line.line for line in lines}) == len(lines), "two lines of one id"
    return Done(lines, tuple(obligations), period, read, frozenset(windowed), examined)


def _name_of(line: Line) -> str:
    return line.line


def published_edition(connection: Connection, program: str, clocks: Clocks) -> Edition:
    """The terms in force at a known-at. Raises `UnknownProgram`."""
    return edition_at(connection, program, clocks.known_at)[0]


class LineName(NamedTuple):
    """What a line id names."""

    edition: Edition
    period: str | None
    subject: str


def split_line(connection: Connection, line: str, known_at: int) -> LineName:
    """What a line id names. Raises `NoSuchLine`, `UnknownProgram`."""
    program, slash, rest = line.partition("/")
    if not slash or not rest:
        raise NoSuchLine(
            f"{line!r} is not a line; a line reads PROGRAM/... as `settle` lists it.",
            f"List lines with: duebook settle {program if slash else 'PROGRAM'}",
        )
    edition = edition_at(connection, program, known_at)[0]
    period, subject = program_of(edition.rules).subject_of(rest)
    refuse_wrong_period(line, edition, period, subject)
    return LineName(edition, period, subject)


def as_published(
    connection: Connection,
    program: str,
    clocks: Clocks,
    period: str | None = None,
    engine: OrderEngine | None = None,
    processes: Workers | None = None,
) -> Settlement | None:
    """The settlement under the published terms, with which a draft is compared.

    None if no terms are published, or if they have no such period.
    """
    try:
        edition = published_edition(connection, program, clocks)
        how: dict[str, Any] = {"explained": False, "engine": engine, "processes": processes}
        return settle(connection, edition, clocks, period=period, **how)
    except (UnknownProgram, WrongPeriod):
        return None


def compare(before: Settlement | None, after: Settlement) -> list[dict[str, Any]]:
    """The lines that differ between two settlements, with both amounts and outcomes."""
    return [
        {
            "line": change.line.line,
            "payee": change.line.payee,
            "was": change.was.amount_text if change.was else None,
            "now": change.now.amount_text if change.now else None,
            "currency": change.line.currency,
            "was_outcome": outcome_told(change.was),
            "now_outcome": outcome_told(change.now),
        }
        for change in changes(before.lines if before else (), after.lines)
    ]


def outcome_told(line: Line | None) -> str | None:
    """The outcome with its reasons, as comparisons show it."""
    if line is None:
        return None
    why = ", ".join(line.unmet or line.held_for)
    return f"{line.outcome} ({why})" if why else line.outcome


def subjects_of(edition: Edition, lines: Iterable[str]) -> frozenset[str]:
    """The subjects of some lines of an edition, from the lines' ids."""
    split = program_of(edition.rules).subject_of
    return frozenset(split(line.partition("/")[2])[1] for line in lines)
