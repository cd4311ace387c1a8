"""How a creator's commission came about: orders by plan and rate, or one by one."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from ledger.aggregates.base import Recorded
from ledger.kernel.decision import Step
from ledger.kernel.money import Money
from ledger.programs.affiliate_commission.expression import NONE
from ledger.programs.affiliate_commission.gather import Month, Pair
from ledger.programs.affiliate_commission.parameters import CODES, HELD
from ledger.programs.affiliate_commission.plans import rate_of
from ledger.programs.affiliate_commission.tables import may_sell
from ledger.programs.by_order import LazyParts, rate_text
from ledger.programs.edition import Edition

PLAN_KIND = "commission: "


class Total(NamedTuple):
    """Sums over orders of one store and creator, under one plan's rate and with equal results."""

    store: str
    creator: str
    score: int
    eligible: bool
    covered: bool
    approved: bool
    not_own: bool
    foreign: bool
    orders: int
    net_sum: int
    due_sum: int | None

    @property
    def unmet(self) -> tuple[str, ...]:
        """The conditions that the orders fail, in the order of the rules."""
        met = (self.eligible, self.covered, self.approved, self.not_own)
        return tuple(code for code, is_met in zip(CODES, met, strict=True) if not is_met)


class Details:
    """The parts of every line's explanation, worked out on first access."""

    def __init__(self, month: Month, edition: Edition) -> None:
        self._month = month
        self._edition = edition
        net = "(amount - refunded)" if month.setting.deduct_refunds else "amount"
        self.rule = f"{net} x the plan's rate, half up to the cent, once per order"

    def of(self, store: str, creator: str) -> Any:
        """The parts of a line's explanation."""
        return LazyParts(lambda: self.parts(store, creator))

    def parts(self, store: str, creator: str) -> tuple[Step, ...]:
        """The orders by plan, rate and failed conditions."""
        totals = sorted(self._by_pair[store, creator], key=self._order)
        return tuple(self._part(total) for total in totals)

    @cached_property
    def _by_pair(self) -> dict[Pair, list[Total]]:
        by_pair: dict[Pair, list[Total]] = defaultdict(list)
        for row in self._month.ask("totals", Total._fields):
            total = Total(*row)
            by_pair[total.store, total.creator].append(total)
        return by_pair

    def _order(self, total: Total) -> tuple[object, ...]:
        """Orders that earn come first, then by plan and failures: equal runs have equal trees."""
        plan, rate = "", 0
        if total.score != NONE:
            plan, rate = self._month.plans.said_by(total.score)[0].plan, self._ppm(total)
        return bool(total.unmet), plan, -rate, total.unmet, total.foreign, -total.score

    def _ppm(self, total: Total) -> int:
        return total.score // self._month.setting.versions

    def _part(self, total: Total) -> Step:
        edition = self._edition
        net = Money(int(total.net_sum), edition.currency)
        observed = f"{orders_told(total.orders)}, {net.text} {edition.currency}"
        if total.foreign:
            observed = f"{orders_told(total.orders)} in another currency"
        label, required, events, kind = "no plan", None, set[int](), "no"
        if total.score != NONE:
            plan, fact = self._month.plans.said_by(total.score)
            label = f"plan {plan.plan} ({fact.event.kind})"
            kind = fact.event.kind
            required = f"rate {rate_text(self._ppm(total))}"
            events = {fact.position, *self._approvals(total, fact)}
        amount = None
        if total.due_sum is not None and not total.foreign:
            amount = Money(int(total.due_sum), edition.currency)
        return Step(
            label,
            amount,
            required=required,
            observed=observed,
            clause=edition.cite.get("plan_in_force"),
            events=tuple(sorted(events)),
            parts=tuple(self._unmet(total)),
            pending=HELD[0] if total.foreign else None,
            measures=((f"{PLAN_KIND}{kind} plan", amount.decimal),) if amount else (),
        )

    def _approvals(self, total: Total, fact: Recorded) -> Iterator[int]:
        """Positions of the plan's approvals and disapprovals of the creator, where it needs one."""
        if fact.event.approval:
            plan, _ = self._month.plans.said_by(total.score)
            yield from (word.position for word in plan.words_on(total.creator))

    def _unmet(self, total: Total) -> Iterator[Step]:
        """A step for each condition that the orders fail."""
        for code in total.unmet:
            required, observed, facts = self._against(code, total)
            yield Step(
                code.replace("_", " "),
                met=False,
                required=required,
                observed=observed,
                clause=self._edition.cite.get(code),
                events=tuple(sorted({fact.position for fact in facts})),
                code=code,
            )

    def _against(self, code: str, total: Total) -> tuple[str, str, list[Recorded]]:
        """For an unmet condition: what it requires, what was observed, and the facts behind it."""
        month, parameters = self._month, self._month.parameters
        if code == "creator_eligible":
            registrations = month.creators[total.creator].told
            limits = f"registered in {parameters.country}, {parameters.age_min} or older, at least "
            limits += f"{parameters.followers_min:,} followers"
            once = "once by" if parameters.eligible_when == "registration" else "as last told at"
            return (
                f"{limits}, {once} the order's instant",
                _registered(registrations, parameters),
                registrations,
            )
        if code == "not_own_account":
            bonds = month.bonds.get((total.store, total.creator), [])
            return "no account of the store itself", "the creator is one of its accounts", bonds
        plans = month.plans.of_store(total.store)
        if code == "creator_approved":
            asking = [plan for plan in plans if any(v.fact.event.approval for v in plan.versions)]
            words = [word for plan in asking for word in plan.words_on(total.creator)]
            facts = [version.fact for plan in asking for version in plan.versions]
            observed = "the open plans that cover the orders have not approved the creator"
            return "approved by an open plan that asks for it", observed, [*words, *facts]
        facts = [fact for plan in plans for fact in (*plan.reports, *plan.endings)]
        observed = f"{len(plans)} plans of the store, none of which covers the orders"
        return "a plan of the store that covers the order", observed, facts


def _registered(registrations: list[Recorded], parameters: Any) -> str:
    if not registrations:
        return "nobody has registered the creator"
    last = registrations[-1].event
    observed = f"last: {last.country}, {last.age} years, {last.followers:,} followers"
    return observed + (
        "; met, but not at the order"
        if any(may_sell(fact, parameters) for fact in registrations)
        else ""
    )


def orders_told(count: int) -> str:
    """How many orders, in words."""
    return "1 order" if count == 1 else f"{count:,} orders"


def offered_rate(report: Any, product: str) -> str:
    """The rate that a report offers for an order of a product."""
    ppm = rate_of(report, None if report.kind == "shop" else product)
    assert ppm is not None, "it covers the product"
    return rate_text(ppm)
