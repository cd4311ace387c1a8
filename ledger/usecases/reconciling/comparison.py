"""What a reconciliation answers: both sides' totals, the breaks, and what became of them."""

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
    """The platform's file: its name, its digest, how many rows it has, and what in it was passed
    over or checked and not compared."""

    name: str
    sha256: str
    rows: int
    nameless: int = 0
    totals: int = 0


@dataclass(frozen=True)
class Reconciliation:
    """What was compared and what came of it."""

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
    """Columns of the platform's rows that were not asked for, by the row's place."""
    orders: list[OrderBreak]
    apart: Sequence[Mapping[str, Any]] = ()
    """Rows of the platform's file that are of no order: shown, not claimed."""
    summed: Mapping[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    """The rows that an order's amount was added up from, where there are several."""
    turned: Turned | None = None
    """Where most amounts agree but for the sign: how many. Then no break has a cause."""
    flipped: bool = False
    """Whether the file was read with its signs turned round."""
    tolerance: Tolerance = field(default_factory=dict)
    """The differences that are let pass, per currency: marked, and not open."""

    @property
    def open(self) -> list[Break]:
        """Breaks that nobody has resolved, and that no tolerance lets pass."""
        return [one for one in self.breaks if one.id not in self.resolved and one.within is None]

    def as_json(self, *, full: bool = False) -> dict[str, Any]:
        """The answer in the shape of the public contract; `full` lists orders, of groups
        that are not too large for it."""
        breaks = [self._break(number, one) for number, one in enumerate(self.breaks)]
        if full and self.orders:
            listed = {one.group for one in self.orders}
            rest = [one for number, one in enumerate(breaks) if number not in listed]
            breaks = [*(self._order(one) for one in self.orders), *rest]
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
            **({"other": [dict(one) for one in self.apart]} if self.apart else {}),
        }

    def _rows(self, group: int) -> dict[str, int]:
        """How many rows made the amounts of a group's orders, where orders have several."""
        if not self.summed:
            return {}
        orders = [one for one in self.orders if one.group == group and one.theirs]
        counts = [len(self.summed.get((one.store, one.order_id), (1,))) for one in orders]
        return {"rows": sum(counts)} if sum(counts) > len(counts) else {}

    def _break(self, number: int, one: Break) -> dict[str, Any]:
        data = one.model_dump(exclude={"id"}, exclude_none=True)
        found = self.resolved.get(one.id)
        other = self.other.get(one.place or 0)
        group = {"count": one.count, "order_id": one.order_id} if one.count else {}
        return {
            "number": number + 1,
            "break": one.id,
            **{name: data.get(name) for name in ("line", "kind", "ours", "theirs", "difference")},
            "currency": one.currency,
            "payee": one.payee,
            "place": one.place,
            "likely": [cause.model_dump() for cause in one.likely],
            "resolution": found.resolution if found else None,
            **group,
            **self._marked(one),
            **self._rows(number),
            **({"other": other} if other else {}),
        }

    def _marked(self, one: Break) -> dict[str, bool]:
        """Whether a tolerance lets the break pass, where there is one."""
        return {"within_tolerance": one.within is not None} if self.tolerance else {}

    def _order(self, one: OrderBreak) -> dict[str, Any]:
        """One order of a group, with the group's kind and causes."""
        group = self.breaks[one.group]
        currency = group.currency
        assert currency is not None, "orders have amounts"
        zero = Money.zero(currency)
        ours = Money.parse(one.ours, currency) if one.ours else zero
        theirs = Money.parse(one.theirs, currency) if one.theirs else zero
        differs = group.kind != "currency_differs"
        name = period_id(self.program, self.period)
        found = self.resolved.get(group.id)
        places = self.summed.get((one.store, one.order_id))
        return {
            "number": one.group + 1,
            "break": f"{name}/{one.store}/{one.order_id}#{group.kind}",
            "group": group.id,
            "line": one.line,
            "order_id": one.order_id,
            "kind": group.kind,
            "ours": one.ours,
            "theirs": one.theirs,
            "difference": ours.plus(theirs.negated()).text if differs else None,
            "currency": currency,
            "payee": one.payee,
            "likely": [
                {**cause.model_dump(), "gives": cause.gives if one.theirs is None else one.theirs}
                for cause in (group.likely if one.likely is None else one.likely)
            ],
            "resolution": found.resolution if found else None,
            **self._marked(group),
            **({"rows": len(places), "places": list(places)} if places else {}),
        }


def _difference(ours: dict[str, Money], theirs: dict[str, Money]) -> dict[str, str]:
    found = {}
    for code in sorted({*ours, *theirs}):
        zero = Money.zero(code)
        found[code] = ours.get(code, zero).plus(theirs.get(code, zero).negated()).text
    return found
