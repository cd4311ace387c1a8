"""Exceptional plans: reported with another store or kind, two shop plans at once, low rates.

Each is judged at the clocks, so that a late or withdrawn fact makes an exception appear or go. An
edition judges the plans set in its own days, except for stores onboarded in other markets.
Source: seed 003, 2.5 to 2.8.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from ledger.aggregates.affiliate import PLANS_OF_STORE
from ledger.aggregates.affiliate_state import PlanState
from ledger.aggregates.base import Recorded
from ledger.aggregates.judge import Surprise
from ledger.aggregates.store import MerchantOnboarded
from ledger.aggregates.store_state import StoreState
from ledger.kernel.instants import local
from ledger.programs.affiliate_commission.gather import plans_of
from ledger.programs.affiliate_commission.parameters import Parameters, parameters_of
from ledger.programs.contract import Reader, in_chunks
from ledger.programs.edition import Edition
from ledger.programs.program import Judged, Names


def judge_plans(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Judged:
    """Exceptions among a set of reports of plans."""
    parameters = parameters_of(edition)
    asked = [fact for fact in facts if fact.at in edition.window]
    names = {fact.event.plan for fact in asked}
    for chunk in in_chunks(names):
        own = reader.states("plan", chunk, PlanState)
        stores = {fact.event.store for fact in asked if fact.event.plan in own}
        ours = _ours(reader, parameters, stores)
        shop_plans = _shop_plans(reader, {store for store in stores if store in ours})
        for fact in asked:
            state = own.get(fact.event.plan)
            if state is not None and fact.event.store in ours:
                yield from (
                    (fact, surprise) for surprise in _judged(fact, state, shop_plans, edition)
                )


def touches(reader: Reader, edition: Edition, changed: Names) -> Iterator[str]:
    """All plans of the stores whose plans have changed: two may now be in force at once."""
    plans = reader.states("plan", changed.get("plan", ()), PlanState)
    stores = {report.event.store for plan in plans.values() for report in plan.reports}
    for streams in reader.named(PLANS_OF_STORE, stores).values():
        yield from streams


def _ours(reader: Reader, parameters: Parameters, stores: set[str]) -> set[str]:
    """The stores not onboarded in another market; those not onboarded yet are included."""
    if parameters.markets is None:
        return stores
    states = reader.states("store", stores, StoreState, [MerchantOnboarded.TOPIC])
    return {
        name
        for name, state in states.items()
        if state.onboarding is None or state.onboarding.event.market in parameters.markets
    }


def _shop_plans(reader: Reader, stores: set[str]) -> dict[str, list[PlanState]]:
    """The shop plans of each store, by id."""
    by_store: dict[str, list[PlanState]] = {}
    for _, state in sorted(plans_of(reader, stores).items()):
        if state.first is not None and state.first.event.kind == "shop":
            by_store.setdefault(state.first.event.store, []).append(state)
    return by_store


def _judged(
    fact: Recorded, state: PlanState, shop_plans: dict[str, list[PlanState]], edition: Edition
) -> Iterator[Surprise]:
    event = fact.event
    if state.differs(fact):
        first = state.first
        assert first is not None, "it has a report"
        yield Surprise(
            "plan_differs",
            f"plan {event.plan} is reported for store {event.store} as {event.kind}; its first "
            f"report, {local(first.at, edition.zone)}, says store {first.event.store}, "
            f"{first.event.kind}. This one counts for nothing.",
            "Withdraw the report that is wrong; another store's plan has an id of its own.",
            event.plan,
            edition.program,
        )
        return
    if event.kind == "shop":
        yield from _second_shop_plan(fact, shop_plans.get(event.store, []), edition)
    yield from _low_rate(fact, edition)


def _second_shop_plan(
    fact: Recorded, plans: list[PlanState], edition: Edition
) -> Iterator[Surprise]:
    event = fact.event
    for other in plans:
        if other.plan != event.plan and any(v.start <= fact.at < v.end for v in other.versions):
            yield Surprise(
                "two_shop_plans",
                f"store {event.store} has two shop plans at {local(fact.at, edition.zone)}: "
                f"{event.plan} and {other.plan}. The higher rate counts.",
                "Record the AffiliatePlanEnded of the one that was replaced.",
                event.plan,
                edition.program,
            )
            return


def _low_rate(fact: Recorded, edition: Edition) -> Iterator[Surprise]:
    """Advice about the lowest rate that the report states, whether it is used or not."""
    parameters, event = parameters_of(edition), fact.event
    stated = [*([event.rate] if event.rate is not None else ()), *(event.rates or {}).values()]
    lowest = min(stated, key=Decimal)
    for code, limit in (
        ("rate_below_minimum", parameters.rate_minimum),
        ("rate_below_suggested", parameters.rate_suggested),
    ):
        if Decimal(lowest) < Decimal(limit):
            word = code.removeprefix("rate_below_")
            yield Surprise(
                code,
                f"plan {event.plan} of store {event.store} states a rate of {lowest}; the "
                f"{word} rate is {limit}.",
                "It counts as reported; set the plan again where it is wrong.",
                event.plan,
                edition.program,
                advice=True,
            )
            return
