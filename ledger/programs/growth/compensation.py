"""The compensation ladder: the highest tier that was missed, as a share of the fixed fee."""

from decimal import Decimal
from typing import NamedTuple

from ledger.kernel.decision import Step
from ledger.kernel.money import EXACT, Money
from ledger.programs.growth.measures import Content, Gmv, Payments, Terms
from ledger.programs.growth.parameters import CONTENT_TIERS, NOTHING_MISSED, ROAS_TIER
from ledger.programs.variants import rounding_of

RETURN, FLOOR = "return", "floor"
"""GMV, and the multiple of the cost that it is measured against."""


class Judged(NamedTuple):
    """The result of the ladder, and every rung of it, including those that lost."""

    amount: Money
    unmet: tuple[str, ...]
    held_for: tuple[str, ...]
    parts: tuple[Step, ...]


class Rung(NamedTuple):
    """One tier: whether it was missed (None: not known), and what it is worth."""

    missed: bool | None
    worth: Money
    step: Step


def judge(
    gmv: Gmv, charged: Money, contents: tuple[Content, ...], paid: Payments, terms: Terms
) -> Judged:
    """The highest missed tier counts; tiers are not added up.

    Before the term's end nothing has been missed. A promised count that is not known leaves the
    result open only where its tier could still be the highest; a missed or open tier waits for
    the fixed fee.
    """
    rungs = [*_content_rungs(contents, terms), *_roas_rung(gmv, charged, terms)]
    nothing = Money.zero(terms.parameters.credit)
    won = max((rung.worth.minor for rung in rungs if rung.missed), default=0)
    parts = tuple(_shown(rung, won) for rung in rungs)
    if not terms.ended():
        parts = (_open(terms), *parts)
        return Judged(nothing, (), ("window_open",), parts)
    if gmv.held_for:
        return Judged(nothing, (), gmv.held_for, parts)
    unknown = any(rung.missed is None and rung.worth.minor > won for rung in rungs)
    if not unknown and not any(rung.missed for rung in rungs):
        return Judged(nothing, (NOTHING_MISSED,), (), parts)
    parts = (*parts, paid.step)
    held_for = ("promised_counts_missing",) if unknown else ()
    if terms.parameters.compensation_waits_for_fee and not paid.enough:
        held_for = (*held_for, "fixed_fee_unpaid")
    return Judged(Money(won, nothing.currency), (), held_for, parts)


def _content_rungs(contents: tuple[Content, ...], terms: Terms) -> list[Rung]:
    rungs = []
    for name, kind in CONTENT_TIERS.items():
        share = terms.parameters.tier(name)
        if share is None:
            continue
        content = next(measured for measured in contents if measured.kind == kind)
        missed = None if content.promised is None else content.delivered < content.promised
        rungs.append(_rung(name, missed, share, content.step, terms))
    return rungs


def _roas_rung(gmv: Gmv, charged: Money, terms: Terms) -> list[Rung]:
    """GMV below a multiple of the cost: the fixed fee, or that and the commission as charged."""
    share = terms.parameters.tier(ROAS_TIER)
    if share is None:
        return []
    fee, floor = terms.fixed_fee, Decimal(terms.parameters.roas_floor)
    with_commission = terms.parameters.roas_cost == "fixed_and_commission"
    cost = fee.plus(charged) if with_commission else fee
    wanted = EXACT.multiply(cost.decimal, floor)
    cost_text = f"fixed fee {fee.text}" + (
        f" + commission {charged.text}" if with_commission else ""
    )
    step = Step(
        "return on the service",
        required=f"GMV at least {floor} x ({cost_text}) = {wanted:f} {fee.currency}",
        observed=gmv.step.observed,
        clause=terms.clause("roas_floor"),
        parts=(gmv.step,),
        measures=() if gmv.held_for else ((RETURN, gmv.total), (FLOOR, wanted)),
    )
    missed = None if gmv.held_for else gmv.total < wanted
    return [_rung(ROAS_TIER, missed, share, step, terms)]


def _rung(name: str, missed: bool | None, share: Decimal, measured: Step, terms: Terms) -> Rung:
    """A tier is worth its share of the fixed fee, rounded half up, in ad credit, not in money."""
    fee = terms.fixed_fee
    missed = True if f"missed:{name}" in terms.assume else missed
    minor = fee.times(share, rounding_of(terms.assume)).minor
    worth = Money(minor, terms.parameters.credit)
    pending = "not known" if missed is None else None
    label = f"{name}: {share} x {fee.text} in ad credit"
    step = measured._replace(
        label=label, amount=worth, code=name, pending=pending or measured.pending
    )
    return Rung(missed, worth, step)


def _shown(rung: Rung, won: int) -> Step:
    """The rung's step with its result."""
    if rung.missed is None:
        word = "not known"
    elif not rung.missed:
        word = "kept"
    else:
        word = (
            "missed: the highest counts"
            if rung.worth.minor == won
            else "missed: a higher one counts"
        )
    observed = f"{rung.step.observed}; {word}"
    return rung.step._replace(observed=observed)


def _open(terms: Terms) -> Step:
    end = terms.local(terms.window.end)
    return Step(
        "term over",
        required=f"as-of at or after {end}",
        observed=f"as of {terms.local(terms.as_of)}",
        pending="window_open",
    )
