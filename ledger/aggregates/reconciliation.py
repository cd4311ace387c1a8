"""Reconciliations: what was compared with the platform's file, and what became of each break."""

from typing import Annotated, Literal

from pydantic import Field

from ledger.aggregates.base import OwnEvent, Reference
from ledger.aggregates.fields import Amount, Id, Text
from ledger.aggregates.settlement import Frozen, period_id

BreakKind = Literal[
    "amount_differs",
    "outcome_differs",
    "missing_theirs",
    "missing_ours",
    "duplicate_theirs",
    "currency_differs",
    "covered_cost_charged",
]
Resolution = Literal["accept_theirs", "platform_error", "timing", "other"]


class Cause(Frozen):
    """A single change under which the same rule gives exactly the platform's amount or, for a
    decision, its outcome."""

    because: str
    detail: str
    gives: str


class Break(Frozen):
    """One place where the platform's file and our lines differ.

    For a decision `ours` and `theirs` are outcomes, and there is no currency.
    """

    id: str
    kind: BreakKind
    line: str
    payee: str | None = None
    order_id: str | None = None
    ours: str | None = None
    theirs: str | None = None
    difference: Amount | None = None
    currency: str | None = None
    place: Annotated[int | None, Field(description="the row of the platform's file")] = None
    likely: tuple[Cause, ...] = ()
    count: Annotated[int | None, Field(description="orders of a group that break alike")] = None
    within: Annotated[
        str | None, Field(description="the tolerance that the difference does not pass")
    ] = None


class OrderBreak(Frozen):
    """One order of a group of breaks; `group` is the place of its group among the breaks."""

    group: int
    store: str
    order_id: str
    ours: Amount | None = None
    theirs: Amount | None = None
    line: Annotated[str | None, Field(description="the line that it belongs to")] = None
    payee: str | None = None
    likely: Annotated[
        tuple[Cause, ...] | None,
        Field(description="its causes, where one names something of this order alone"),
    ] = None


def reconciliation_stream(program: str, period: str | None) -> str:
    """The stream of a period's comparisons and the resolutions of their breaks."""
    return f"reconciliation:{period_id(program, period)}"


class ReconciliationEvent(OwnEvent):
    """An event in the stream of one period's reconciliation."""

    program: Id
    period: str | None = None

    @property
    def stream(self) -> str:
        return reconciliation_stream(self.program, self.period)

    def references(self) -> tuple[Reference, ...]:
        return (Reference("reconciled", self.program),)


class ReconciliationRun(ReconciliationEvent):
    """Our lines were compared with a file of the platform."""

    TOPIC = "reconciliation-run.v1"

    file: str
    sha256: str
    rows: int
    profile: str
    flipped: bool = False
    store: Annotated[str | None, Field(description="the only store that the file is of")] = None
    column: Annotated[str | None, Field(description="the file's column that was compared")] = None
    ours_is: Literal["issued", "settled"]
    as_of: int
    known_at: int
    matched: int
    breaks: tuple[Break, ...]
    orders: tuple[OrderBreak, ...] | None = None

    def line_of(self, order: OrderBreak) -> str:
        """The line of ours that an order belongs to. Runs in older books do not name it: at that
        time there was one line per store."""
        return order.line or f"{period_id(self.program, self.period)}/{order.store}"


class BreakResolved(ReconciliationEvent):
    """Somebody decided what a break is."""

    TOPIC = "break-resolved.v1"

    id: str
    resolution: Resolution
    reason: Text
    line: str
    theirs: str | None = None
    currency: str | None = None
    count: Annotated[int | None, Field(description="orders, where a group was resolved")] = None
    run: Annotated[int, Field(description="the position of the run that found it")]
