"""Reconciling: the platform's lines against ours, every difference with its likely causes."""

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.reconciliation import (
    Break,
    BreakResolved,
    ReconciliationRun,
    reconciliation_stream,
)
from ledger.aggregates.store import MerchantOnboarded
from ledger.aggregates.store_state import StoreState
from ledger.intake.platform.rows import PlatformFile, StoreUnknown
from ledger.intake.problems import refuse
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoOrders
from ledger.kernel.garbage import no_cycles
from ledger.kernel.money import Money, sum_by_currency
from ledger.programs.edition import Edition
from ledger.programs.line import Line
from ledger.programs.registry import program_of
from ledger.store.book import Book
from ledger.store.log import read_log
from ledger.store.reader import LogReader
from ledger.usecases.closing.terms_of_close import filled_terms
from ledger.usecases.reconciling.accepted_figures import StatedOrders, stated_orders
from ledger.usecases.reconciling.by_line import Matched, Matcher
from ledger.usecases.reconciling.comparison import FileSaid, Reconciliation
from ledger.usecases.reconciling.likely_causes import Likely
from ledger.usecases.reconciling.line_taxes import with_taxes
from ledger.usecases.reconciling.tolerance import NO_TOLERANCE, Tolerance, marked
from ledger.usecases.record_decisions import Decided, decided_in_turn
from ledger.usecases.settling.settle import settle
from ledger.usecases.statements.closed_period import ClosedPeriod, closed_period, find_closed
from ledger.usecases.terms.editions import edition_at

if TYPE_CHECKING:
    from ledger.intake.platform.orderfile import Load, OrderFile


class Side(NamedTuple):
    """Our side: the current lines, the same lines explained, and the terms and clocks at which
    to work them out again."""

    ours_is: str
    lines: list[Line]
    trees: dict[str, Line]
    edition: Edition
    clocks: Clocks


def reconcile(
    connection: Connection,
    program: str,
    period: str | None,
    file: PlatformFile,
    clocks: Clocks,
    *,
    flip_sign: bool = False,
    tolerance: Tolerance = NO_TOLERANCE,
) -> Reconciliation:
    """Compares a platform file with what was issued and adjusted, or with a fresh run.

    Every line is claimed once. Raises `BadPlatformFile` for rows that name several lines,
    `UnknownProgram`, `WrongPeriod`.
    """
    if flip_sign:
        rows = [row.flipped() for row in file.rows]
        file = file._replace(rows=rows)
    with no_cycles():
        side = our_side(connection, program, period, clocks)
        matched = _match(connection, side, period, file)
        refuse(file.name, matched.problems)
        breaks = matched.breaks
        if matched.turned is None:
            likely = Likely(connection, side.edition, period, side.clocks)
            breaks = marked(with_taxes(likely.explained(breaks, side.trees)), tolerance)
    return Reconciliation(
        program,
        period,
        side.ours_is,
        side.clocks,
        FileSaid(file.name, file.sha256, len(file.rows), file.nameless, file.totals),
        matched.matched,
        sum_by_currency([line.amount for line in side.lines if line.amount and line.amount.minor]),
        sum_by_currency([row.amount for row in file.rows if row.amount]),
        breaks,
        still_resolved(connection, program, period, clocks.known_at, breaks),
        {row.place: row.other for row in file.rows if row.other},
        [],
        turned=matched.turned,
        flipped=flip_sign,
        tolerance=tolerance,
    )


def reconcile_orders(
    connection: Connection,
    program: str,
    period: str | None,
    load: "Load",
    clocks: Clocks,
    *,
    store: str | None = None,
    flip_sign: bool = False,
    tolerance: Tolerance = NO_TOLERANCE,
) -> Reconciliation:
    """Compares a platform file order by order, for a program that charges by order.

    `load` reads the file; with `store` it is of that store alone. Raises `NoOrders` for a
    program that does not charge by order, `StoreUnknown`, `BadPlatformFile`, `WrongPeriod`.
    """
    from ledger.usecases.reconciling.by_order import compare_orders
    from ledger.usecases.reconciling.our_orders import OurMonth

    if store is not None:
        refuse_unknown_store(connection, store, clocks)
    elsewhere = partial(_order_terms, connection, program, clocks=clocks)
    edition, month_clocks, stated = elsewhere(period)
    rules = program_of(edition.rules)
    if rules.orders is None:
        raise NoOrders(
            f"{program} does not work by order; found a file of orders.",
            "Give a file with line, or store, and amount.",
        )
    rules.days_of(edition, period)
    with no_cycles():
        month = OurMonth(edition, period or "", month_clocks, stated, store)
        order_outcome = compare_orders(connection, month, load, elsewhere, tolerance)
    return Reconciliation(
        program,
        period,
        "settled" if stated is None else "issued",
        month_clocks,
        _file_said(order_outcome.file),
        order_outcome.matched,
        {code: Money(minor, code) for code, minor in order_outcome.ours.items()},
        {code: Money(minor, code) for code, minor in order_outcome.theirs.items()},
        order_outcome.breaks,
        still_resolved(connection, program, period, clocks.known_at, order_outcome.breaks),
        {},
        order_outcome.orders,
        order_outcome.file.other,
        order_outcome.file.summed,
        order_outcome.turned,
        flip_sign,
        tolerance,
    )


def _file_said(file: "OrderFile") -> FileSaid:
    return FileSaid(file.name, file.sha256, file.rows, file.nameless, file.totals)


def refuse_unknown_store(connection: Connection, store: str, clocks: Clocks) -> None:
    """Raises `StoreUnknown` if the store that a file is said to be of was never onboarded."""
    topics = [MerchantOnboarded.TOPIC]
    states = LogReader(connection, clocks).states("store", [store], StoreState, topics)
    if not any(state.onboarding for state in states.values()):
        raise StoreUnknown(
            f"Nobody has onboarded the store {store!r} that the file is said to be of.",
            "Check --store; list the stores: duebook report stores",
        )


def _order_terms(
    connection: Connection, program: str, period: str | None, clocks: Clocks
) -> tuple[Edition, Clocks, StatedOrders | None]:
    """Terms, clocks and stated orders of a closed month with its adjustments; for an open month
    the terms and clocks of a fresh run, and None."""
    if find_closed(connection, program, period, clocks.known_at):
        known = closed_period(connection, program, period, clocks.known_at)
        edition = filled_terms(connection, known, known.stands.known_at).edition
        return edition, known.stands, stated_orders(connection, known, clocks.known_at)
    return edition_at(connection, program, clocks.known_at)[0], clocks, None


def record_run(
    book: Book,
    reconciliation: Reconciliation,
    *,
    by: str,
    profile: str,
    flipped: bool,
    store: str | None = None,
    column: str | None = None,
) -> int:
    """Records the comparison with its breaks, and returns its position.

    Concurrent writes do not matter: a comparison depends only on the clocks that it names.
    """
    run = run_of(reconciliation, profile=profile, flipped=flipped, store=store, column=column)
    _, head = decided_in_turn(book, lambda _: Decided([run]), by=by)
    assert head is not None, "nobody is asked"
    return head.position


def run_of(
    reconciliation: Reconciliation,
    *,
    profile: str,
    flipped: bool,
    store: str | None = None,
    column: str | None = None,
) -> ReconciliationRun:
    """The event that records the comparison with its breaks."""
    return ReconciliationRun(
        program=reconciliation.program,
        period=reconciliation.period,
        file=reconciliation.file.name,
        sha256=reconciliation.file.sha256,
        rows=reconciliation.file.rows,
        profile=profile,
        flipped=flipped,
        ours_is="issued" if reconciliation.ours_is == "issued" else "settled",
        as_of=reconciliation.clocks.as_of,
        known_at=reconciliation.clocks.known_at,
        matched=reconciliation.matched,
        breaks=tuple(reconciliation.breaks),
        orders=tuple(reconciliation.orders) or None,
        store=store,
        column=column,
    )


def our_side(connection: Connection, program: str, period: str | None, clocks: Clocks) -> Side:
    """Our side: issued and adjusted lines where the period is closed, else a fresh settle."""
    if find_closed(connection, program, period, clocks.known_at):
        known = closed_period(connection, program, period, clocks.known_at)
        return _issued(connection, known)
    edition = edition_at(connection, program, clocks.known_at)[0]
    program_of(edition.rules).refuse_without_lines(edition)
    run = settle(connection, edition, clocks, period=period)
    return Side(
        "settled", list(run.lines), {line.line: line for line in run.lines}, edition, clocks
    )


def _issued(connection: Connection, known: ClosedPeriod) -> Side:
    """The current lines, with explanations at the latest clocks at which any was worked out."""
    clocks = known.stands
    edition = filled_terms(connection, known, clocks.known_at).edition
    run = settle(connection, edition, clocks, period=known.seal.period)
    lines = [stated.line for stated in known.current.values()]
    return Side("issued", lines, {line.line: line for line in run.lines}, edition, clocks)


def _match(connection: Connection, side: Side, period: str | None, file: PlatformFile) -> Matched:
    edition = side.edition
    program = program_of(edition.rules)
    reader = LogReader(connection, side.clocks)
    stores = {row.store for row in file.rows if row.store}
    subjects = {
        store: program.subjects_of_store(reader, edition, store) for store in sorted(stores)
    }
    covered = frozenset(edition.terms.get("covered") or ())
    matcher = Matcher(edition.program, period, side.lines, subjects, covered)
    for row in file.rows:
        matcher.take(row)
    return matcher.finish()


def still_resolved(
    connection: Connection, program: str, period: str | None, known_at: int, breaks: list[Break]
) -> dict[str, BreakResolved]:
    """Resolutions still in force: those whose platform figure has not changed."""
    stream = reconciliation_stream(program, period)
    last: dict[str, BreakResolved] = {}
    for recorded in read_log(connection, until=known_at, stream=stream):
        if isinstance(recorded.event, BreakResolved):
            last[recorded.event.id] = recorded.event
    theirs = {break_.id: (break_.theirs, break_.currency) for break_ in breaks}
    return {
        name: event
        for name, event in last.items()
        if theirs.get(name) == (event.theirs, event.currency)
    }
