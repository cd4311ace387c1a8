"""The plans, creators and own accounts of a month as small tables that the expression joins.

The row in force at an order's instant is found by equal values and a span that contains the
instant. Where an order must match one row at most, the spans of a key follow each other without a
gap through the whole month. Each table has a row that matches nothing, so that every column has a
type.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from ledger.aggregates.affiliate_state import CreatorState
from ledger.aggregates.base import Recorded
from ledger.kernel.instants import Instant
from ledger.kernel.period import Window
from ledger.programs.affiliate_commission.parameters import Parameters
from ledger.programs.affiliate_commission.plans import LEVELS, Offer, Plans, Reading, other_rate
from ledger.programs.contract import OrderTables

NOBODY = ""
"""A name that is never an id."""
NO_NUMBER = -1
"""A number that no version has."""
Columns = dict[str, list[object]]
Turn = tuple[Instant, bool]
"""An instant from which something applies, or no longer does."""
SPANS = ("of_store", "of_product", "starts", "ends", "best", "asks")
OFFERS = ("of_store", "of_product", "group", "starts", "ends", "score", "level")
AUDIENCE = ("group", "member", "since", "until")
NEIGHBOURS = ("number", "of_product", "before", "after")
CREATORS = ("registered", "starts", "ends", "may_sell")
OWN = ("of_store", "account", "starts", "ends", "bound")
TEXTS = {"of_store", "of_product", "member", "registered", "account", "of"}


def plan_tables(
    plans: Plans, reading: Reading = "told", *, all_approved: bool = False
) -> OrderTables:
    """`shop_plans` and `open_plans` with the best offer to everybody in each span of the month,
    and whether a plan requires approval in it; `to_some` and `audience` with the offers to some
    creators only. With `all_approved` no plan requires approval."""
    offers = plans.told if reading == "told" else list(plans.offers(plans.plans, reading))
    asking = [offer for offer in offers if offer.asks and not all_approved]
    free = [offer for offer in offers if offer.kind == "open" and (all_approved or not offer.asks)]
    targeted = [offer for offer in offers if offer.kind == "targeted"]
    return {
        "shop_plans": _spans([offer for offer in offers if offer.kind == "shop"], (), plans.window),
        "open_plans": _spans(free, asking, plans.window),
        "to_some": _offers([*targeted, *asking], lambda offer: _group_of(offer, plans)),
        "audience": _audience(targeted, asking, plans),
    }


def everyone_tables(plans: Plans) -> OrderTables:
    """The offers to everybody one by one, in the shape of `to_some`."""
    offers = [offer for offer in plans.told if offer.kind != "targeted" and not offer.asks]
    return {"to_all": _offers(offers, lambda offer: 0)}


def neighbour_tables(plans: Plans) -> OrderTables:
    """The rate that the plan paid before and after, per version and product, where it differs;
    as if the plan had never ended."""
    rows = []
    for plan in plans.plans:
        versions = plan.never_ended
        for index, version in enumerate(versions):
            event = version.fact.event
            for product in event.covered if event.kind != "shop" else (None,):
                before = other_rate(event, product, reversed(versions[:index]))
                after = other_rate(event, product, versions[index + 1 :])
                rows.append((plans.number(version), product or NOBODY, before, after))
    return {"neighbours": _table(NEIGHBOURS, rows)}


def creators_table(
    states: Iterable[CreatorState], parameters: Parameters, window: Window
) -> Columns:
    """When each registered creator of the month was allowed to sell, span by span."""
    rows = []
    for state in states:
        if state.told:
            spans = _between(_turns(state, parameters), window)
            rows += [(state.creator, *span, int(met)) for span, met in spans]
    return _table(CREATORS, rows)


def own_table(turns: Mapping[tuple[str, str], Sequence[Turn]], window: Window) -> Columns:
    """When accounts were bound to their stores, span by span; by store and account."""
    rows = [
        (store, account, start, end, int(bound))
        for (store, account), own in turns.items()
        for (start, end), bound in _between(own, window)
    ]
    return _table(OWN, rows)


def may_sell(registration: Recorded, parameters: Parameters) -> bool:
    """Whether a registration meets the limits."""
    creator = registration.event
    return bool(
        creator.country == parameters.country
        and creator.age >= parameters.age_min
        and creator.followers >= parameters.followers_min
    )


def _turns(state: CreatorState, parameters: Parameters) -> list[Turn]:
    """The instants at which a creator became allowed to sell or lost that; of equal instants the
    last counts."""
    if parameters.eligible_when == "order":
        return [(fact.at, may_sell(fact, parameters)) for fact in state.told]
    first = next((fact for fact in state.told if may_sell(fact, parameters)), None)
    return [(first.at, True)] if first else []


def _between(turns: Sequence[Turn], window: Window) -> Iterator[tuple[Window, bool]]:
    """The spans of the window, without a gap, and whether it applies in each; not before the first
    turn."""
    holds = False
    start = window.start
    for at, turned in turns:
        if at >= window.end:
            break
        if at > start:
            yield Window(start, at), holds
            start = at
        holds = turned
    yield Window(start, window.end), holds


def _group_of(offer: Offer, plans: Plans) -> int:
    """The group an offer is for: the creators of a version, or those that a plan has approved."""
    if offer.kind == "targeted":
        return plans.number(offer.version)
    return plans.count + plans.number(offer.plan.never_ended[0])


def _audience(targeted: Iterable[Offer], asking: Iterable[Offer], plans: Plans) -> Columns:
    versions = {_group_of(offer, plans): offer.version.fact.event for offer in targeted}
    rows = [
        (group, creator, *plans.window)
        for group, event in versions.items()
        for creator in event.creators
    ]
    approving = {_group_of(offer, plans): offer.plan for offer in asking}
    rows += [
        (group, creator, approval.start, approval.end)
        for group, plan in approving.items()
        for creator, approvals in plan.approvals.items()
        for approval in approvals
    ]
    return _table(AUDIENCE, rows)


def _spans(free: Iterable[Offer], asking: Iterable[Offer], window: Window) -> Columns:
    """The best offer without approval in every span, per store and product (shop plans: store)."""
    offers: dict[tuple[str, str | None], list[Offer]] = defaultdict(list)
    for offer in (*free, *asking):
        offers[offer.store, offer.product].append(offer)
    asked = {id(offer) for offer in asking}
    rows = []
    for (store, product), mine in offers.items():
        cuts = {window.start, window.end}
        cuts |= {at for offer in mine for at in offer.version[1:3] if at in window}
        ordered = sorted(cuts)
        for start, end in pairwise(ordered):
            holding = [offer for offer in mine if offer.holds(start)]
            best = max((offer.score for offer in holding if id(offer) not in asked), default=None)
            asks = int(any(id(offer) in asked for offer in holding))
            rows.append((store, product or NOBODY, start, end, best, asks))
    return _table(SPANS, rows)


def _offers(offers: Iterable[Offer], group_of: Callable[[Offer], int]) -> Columns:
    return _table(
        OFFERS,
        [
            (
                *(offer.store, offer.product or NOBODY, group_of(offer)),
                *(offer.version.start, offer.version.end, offer.score, LEVELS[offer.kind]),
            )
            for offer in offers
        ],
    )


def _table(names: Sequence[str], rows: Collection[Sequence[object]]) -> Columns:
    """Rows as columns, with one more row that matches nothing."""
    nobody = [NOBODY if name in TEXTS else NO_NUMBER for name in names]
    return dict(zip(names, map(list, zip(*rows, nobody, strict=True)), strict=True))
