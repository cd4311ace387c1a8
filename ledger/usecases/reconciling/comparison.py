"""The result of a reconciliation: both sides' totals, the breaks, and their resolutions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ledger.aggregates.reconciliation import Break, BreakResolved, OrderBreak
from ledger.aggregates.settlement import period_id
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import format_instant
from ledger.kernel.money import Money
from ledger.usecases.reconciling.signs import Turned
from ledger.usecases.reconciling.tolerance import Tolerance, told


class FileSaid(NamedTuple):
    """The platform's file: name, digest and number of rows, with how many columns without a name
    were skipped and how many total rows were checked but not compared."""

    name: str
    sha256: str
    rows: int
    nameless: int = 0
    totals: int = 0


@dataclass(frozen=True)
class Reconciliation:
    """What was compared, and the result."""

    program: str
    period: str | None
    ours_is: str
    clocks: Clocks
    file: FileSaid
    matched: int
    ours: dict[str, Money]
    theirs: dict[str, Money]
    breaks: list[Break]
    resolved: dict[str, BreakResolved]
    other: dict[int, dict[str, str]]
    """Further columns of the platform's rows, by the row's place."""
    orders: list[OrderBreak]
    apart: Sequence[Mapping[str, Any]] = ()
    """Rows of the platform's file that belong to no order: shown, not compared."""
    summed: Mapping[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    """The places of the rows that make up an order's amount, where there are several."""
    turned: Turned | None = None
    """How many amounts agree except for the sign, if most do; then no break has a cause."""
    flipped: bool = False
    """Whether the file was read with its signs reversed."""
    tolerance: Tolerance = field(default_factory=dict)
    """The largest difference to let pass, per currency: such breaks are marked and not open."""

    @property
    def open(self) -> list[Break]:
        """Breaks that are neither resolved nor within the tolerance."""
        return [
            break_
            for break_ in self.breaks
            if break_.id not in self.resolved and break_.within is None
        ]

    def as_json(self, *, full: bool = False) -> dict[str, Any]:
        """The answer in the shape of the public contract; `full` lists single orders instead of
        their groups, except for groups that are too large."""
        breaks = [self._break(number, break_) for number, break_ in enumerate(self.breaks)]
        if full and self.orders:
            listed = {order.group for order in self.orders}
            rest = [entry for number, entry in enumerate(breaks) if number not in listed]
            breaks = [*(self._order(order) for order in self.orders), *rest]
        return {
            "program": self.program,
            "period": self.period,
            "ours_is": self.ours_is,
            "as_of": format_instant(self.clocks.as_of),
            "known_at": self.clocks.known_at,
            "file": self.file.name,
            "sha256": self.file.sha256,
            "rows": self.file.rows,
            "nameless_columns": self.file.nameless,
            "totals": self.file.totals,
            "matched": self.matched,
            "ours": {code: money.text for code, money in self.ours.items()},
            "theirs": {code: money.text for code, money in self.theirs.items()},
            "difference": _difference(self.ours, self.theirs),
            "open": len(self.open),
            **({"signs": self.turned.as_json(flipped=self.flipped)} if self.turned else {}),
            **({"tolerance": told(self.breaks, self.tolerance)} if self.tolerance else {}),
            "breaks": breaks,
            **({"other": [dict(row) for row in self.apart]} if self.apart else {}),
        }

    def _rows(self, group: int) -> dict[str, int]:
        """How many platform rows a group's orders have, where some have several."""
        if not self.summed:
            return {}
        orders = [order for order in self.orders if order.group == group and order.theirs]
        counts = [len(self.summed.get((order.store, order.order_id), (1,))) for order in orders]
        return {"rows": sum(counts)} if sum(counts) > len(counts) else {}

    def _break(self, number: int, break_: Break) -> dict[str, Any]:
        data = break_.model_dump(exclude={"id"}, exclude_none=True)
        break_resolved = self.resolved.get(break_.id)
        other = self.other.get(break_.place or 0)
        group = {"count": break_.count, "order_id": break_.order_id} if break_.count else {}
        return {
            "number": number + 1,
            "break": break_.id,
            **{name: data.get(name) for name in ("line", "kind", "ours", "theirs", "difference")},
            "currency": break_.currency,
            "payee": break_.payee,
            "place": break_.place,
            "likely": [cause.model_dump() for cause in break_.likely],
            "resolution": break_resolved.resolution if break_resolved else None,
            **group,
            **self._marked(break_),
            **self._rows(number),
            **({"other": other} if other else {}),
        }

    def _marked(self, break_: Break) -> dict[str, bool]:
        """Whether the break is within the tolerance, where there is one."""
        return {"within_tolerance": break_.within is not None} if self.tolerance else {}

    def _order(self, order_break: OrderBreak) -> dict[str, Any]:
        """One order of a group, with the group's kind and causes."""
        group = self.breaks[order_break.group]
        currency = group.currency
        assert currency is not None, "orders have amounts"
        zero = Money.zero(currency)
        ours = Money.parse(order_break.ours, currency) if order_break.ours else zero
        theirs = Money.parse(order_break.theirs, currency) if order_break.theirs else zero
        differs = group.kind != "currency_differs"
        name = period_id(self.program, self.period)
        break_resolved = self.resolved.get(group.id)
        places = self.summed.get((order_break.store, order_break.order_id))
        return {
            "number": order_break.group + 1,
            "break": f"{name}/{order_break.store}/{order_break.order_id}#{group.kind}",
            "group": group.id,
            "line": order_break.line,
            "order_id": order_break.order_id,
            "kind": group.kind,
            "ours": order_break.ours,
            "theirs": order_break.theirs,
            "difference": ours.plus(theirs.negated()).text if differs else None,
            "currency": currency,
            "payee": order_break.payee,
            "likely": [
                {
                    **cause.model_dump(),
                    "gives": cause.gives if order_break.theirs is None else order_break.theirs,
                }
                for cause in (group.likely if order_break.likely is None else order_break.likely)
            ],
            "resolution": break_resolved.resolution if break_resolved else None,
            **self._marked(group),
            **({"rows": len(places), "places": list(places)} if places else {}),
        }


def _difference(ours: dict[str, Money], theirs: dict[str, Money]) -> dict[str, str]:
    differences = {}
    for code in sorted({*ours, *theirs}):
        zero = Money.zero(code)
        differences[code] = ours.get(code, zero).plus(theirs.get(code, zero).negated()).text
    return differences
