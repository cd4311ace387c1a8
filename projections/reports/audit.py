"""The audit trail: every decision and every call that recorded something, one row each."""

from typing import Any

from sqlalchemy import Connection, select

from ledger.aggregates.base import Logged
from ledger.aggregates.book import BatchRecorded, FactWithdrawn
from ledger.aggregates.catalogue import event_of
from ledger.aggregates.orders import OrdersArchived, OrdersWithdrawn
from ledger.aggregates.reconciliation import BreakResolved
from ledger.aggregates.settlement import PeriodClosed, StatementAdjusted
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import Instant, format_instant
from ledger.store.codec import UPCASTERS
from ledger.store.log import chunks, fetch, read_positions
from ledger.store.schema import events, withdrawn
from projections.reports.acts import ACTS, archived, both, files_of

ABOUT = "who decided what, when, about what, why, and what it moved in money"
AT_ONCE = 100
"""Events that are held at a time: an adjustment may have many lines."""


def rows(connection: Connection, clocks: Clocks) -> list[dict[str, Any]]:
    """One row per decision known at the clocks and per call that recorded something, in the order
    of the log. Only the streams of our own events are read, never the facts between them."""
    trail = Trail(clocks.as_of)
    for piece in chunks(_positions(connection, clocks.known_at), AT_ONCE):
        for recorded in read_positions(connection, piece):
            trail.take(recorded)
    _name_withdrawn(connection, trail.withdrawals, clocks.known_at)
    return trail.rows


def _positions(connection: Connection, known_at: int) -> list[int]:
    """Where the events of the trail stand, by the index of streams."""
    topics = [event.TOPIC for event in ACTS]
    topics += [old for old, step in UPCASTERS.items() if step.becomes in topics]
    c, positions = events.c, list[int]()
    for kind in sorted({act.streams for act in ACTS.values()}):
        query = select(c.position).where(
            c.stream >= f"{kind}:", c.stream < f"{kind};", c.topic.in_(topics)
        )
        # Compared here: asked for positions, the database may go through the log instead.
        positions += [row[0] for row in fetch(connection, query) if row[0] <= known_at]
    return sorted(positions)


class Trail:
    """Rows, as they grow from the events of the trail in the order of the log."""

    def __init__(self, as_of: Instant) -> None:
        self.as_of = as_of
        self.rows: list[dict[str, Any]] = []
        self.withdrawals: dict[int, dict[str, Any]] = {}
        """The rows of withdrawals by position; they still have to name the fact."""
        self._last: tuple[Logged, dict[str, Any]] | None = None
        """The event that began the last row, and the row."""
        self._batch: Logged | None = None
        self._loads: dict[int, str] = {}
        """The files of each call that archived orders, by its position."""

    def take(self, recorded: Logged) -> None:
        """The next event: a row of its own, or a share in the last one."""
        event = recorded.event
        if isinstance(event, BatchRecorded):
            self._batch = recorded
            if not event.files:  # a withdrawal by command, which has the row
                return
        if isinstance(event, OrdersArchived):
            self._archived(recorded, event)
        elif isinstance(event, StatementAdjusted) and self._belongs(event):
            assert self._last is not None
            row = self._last[1]
            row["effect"] = both(row["effect"], ACTS[type(event)].says(event).effect)
        else:
            self._begin(recorded)

    def _belongs(self, event: StatementAdjusted) -> bool:
        """Whether an adjusted statement is of the same decision as the last row.

        One that accepts a figure follows the resolution of its break. All that one adjustment
        issues names the head before it, and no other write can name the same.
        """
        if self._last is None:
            return False
        first = self._last[0]
        other = first.event
        if not isinstance(other, BreakResolved | StatementAdjusted):
            return False
        if (other.program, other.period) != (event.program, event.period):
            return False
        if isinstance(other, BreakResolved):
            return other.id == event.adopted and first.position > event.known_at
        return event.adopted is None and other.known_at == event.known_at

    def _archived(self, recorded: Logged, event: OrdersArchived) -> None:
        """The row of the call that brought them, now known to be one of orders."""
        call, row = self._last or (recorded, {})
        if call.position != recorded.batch or row["position"] != call.position:
            self._begin(recorded)
            return
        self._loads[recorded.position] = files_of(call.event)
        said = archived(event, call.event)
        row |= {"position": recorded.position, "what": said.what, "about": said.about}

    def _begin(self, recorded: Logged) -> None:
        event, batch = recorded.event, self._batch
        said = ACTS[type(event)].says(event)
        write = event
        if isinstance(event, FactWithdrawn):
            write = batch.event if batch and batch.position == recorded.batch else None
        trusts = getattr(write, "clock_is_right", None)
        reasons = [said.reason, f"the clock is right: {trusts.reason}" if trusts else ""]
        row = {
            "recorded_at": format_instant(recorded.recorded_at),
            "position": recorded.position,
            "by": recorded.by or getattr(write, "by", ""),
            "actor": _actor(write),
            "what": said.what,
            "about": said.about,
            "reason": "; ".join(filter(None, reasons)),
            "effect": said.effect,
        }
        if isinstance(event, FactWithdrawn):
            self.withdrawals[recorded.position] = row
        elif isinstance(event, OrdersWithdrawn) and event.archived in self._loads:
            row["about"] = f"{self._loads[event.archived]} (position {event.archived})"
        self._last = recorded, row
        if recorded.at <= self.as_of:
            self.rows.append(row)


def _actor(write: Any) -> str:
    """The account and the machine of a write; of an older close the account that it names."""
    actor = getattr(write, "actor", None)
    if actor:
        return str(actor)
    return write.system_user if isinstance(write, PeriodClosed) else ""


def _name_withdrawn(
    connection: Connection, withdrawals: dict[int, dict[str, Any]], known_at: int
) -> None:
    """Says of each withdrawal which fact it took back: its type and stream. One that waits for its
    fact, or that came after another, keeps what it said itself."""
    w, e = withdrawn.c, events.c
    for piece in chunks(sorted(withdrawals)):
        query = (
            select(w.position, w.target, e.topic, e.stream)
            .join_from(withdrawn, events, e.position == w.target)
            .where(w.position.in_(piece), w.target <= known_at)
            .order_by(w.target)
        )
        for position, target, topic, stream in fetch(connection, query):
            kind = event_of(topic)
            name = kind.__name__ if kind else topic
            withdrawals[position]["about"] = f"{name} {stream} (position {target})"
