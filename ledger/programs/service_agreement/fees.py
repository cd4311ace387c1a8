"""What a merchant or a creator owes a single partner: a flat fee, and a share of GMV."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from ledger.aggregates.base import Recorded
from ledger.aggregates.store_state import StoreState
from ledger.kernel.decision import Step
from ledger.kernel.money import EXACT, Money, Rounding
from ledger.programs.contract import CHUNK, Reader
from ledger.programs.edition import Edition
from ledger.programs.exchange import Rates, convert, left_out, two_feeds
from ledger.programs.line import Line
from ledger.programs.service_agreement.gather import InForce, Terms, partners_of
from ledger.programs.service_agreement.lines import line_of
from ledger.programs.service_agreement.parameters import FLAT_FEE, GMV_SHARE
from ledger.programs.variants import REFUNDS_IGNORED, rounding_of


def fee_lines(reader: Reader, agreements: Sequence[InForce], terms: Terms) -> Iterator[Line]:
    """The flat fees and the shares of GMV of agreements, read in chunks."""
    for start in range(0, len(agreements), CHUNK):
        chunk = agreements[start : start + CHUNK]
        partners = partners_of(reader, chunk, terms)
        for agreement in chunk:
            if agreement.signing.event.flat is not None and _fee_falls_due(agreement, terms):
                amount, step = _flat(agreement, terms)
                required = "the fee as agreed"
                yield line_of(
                    agreement, FLAT_FEE, amount, set(), (step,), required, partners, terms
                )
        sharing = [agreement for agreement in chunk if agreement.signing.event.of == "gmv"]
        stores = {store for agreement in sharing for store in agreement.signing.event.stores}
        sales = reader.sales_since(stores, terms.days.first, StoreState) if stores else {}
        placed = {
            store
            for agreement in sharing
            for store in agreement.signing.event.stores
            if _basis(agreement, terms) == "placed"
        }
        deduct = REFUNDS_IGNORED not in terms.assume
        for reported in reader.sales_of_orders(placed, terms.days, deduct=deduct):
            sales[reported.event.store].apply(reported)
        for agreement in sharing:
            gmv = _gmv(agreement, sales, reader, terms)
            amount, required = _share_of(agreement, gmv, terms)
            steps = gmv.steps
            yield line_of(
                agreement, GMV_SHARE, amount, gmv.held_for, steps, required, partners, terms
            )


def _basis(agreement: InForce, terms: Terms) -> str:
    """The basis of the shared GMV: as agreed, else as in the terms."""
    basis: str = agreement.signing.event.basis or terms.parameters.gmv_basis
    return basis


def _fee_falls_due(agreement: InForce, terms: Terms) -> bool:
    """A monthly fee falls due every month, a one-off fee in the month of the first day in force."""
    return agreement.signing.event.per == "month" or agreement.first in terms.days


def _flat(agreement: InForce, terms: Terms) -> tuple[Money, Step]:
    """The whole fee; where terms prorate, a monthly fee by its days in force, half up."""
    event = agreement.signing.event
    fee = Money.parse(event.flat, event.currency)
    label = f"fee per {event.per}" if event.per == "month" else "fee, once"
    clause = terms.edition.cite.get("proration")
    if event.per == "once" or terms.parameters.proration == "none":
        return fee, Step(label, fee, clause=clause, events=(agreement.signing.position,))
    days, of = (agreement.days.last - agreement.days.first).days + 1, terms.days_of_month
    part = Money(_part(fee.minor * days, of, rounding_of(terms.assume)), fee.currency)
    observed = f"{fee.text} {fee.currency} x {days} / {of} days, half up"
    return part, Step(label, part, None, None, observed, clause, (agreement.signing.position,))


def _part(amount: int, of: int, rounding: Rounding) -> int:
    """`amount` / `of` as a whole number, for an amount not below zero; half up or by a what-if."""
    part = (2 * amount + of) // (2 * of)
    if rounding == "cut_off":
        return amount // of
    is_half = 2 * amount == (2 * part - 1) * of
    return part - 1 if rounding == "half_even" and is_half and part % 2 else part


class Gmv(NamedTuple):
    """GMV of an agreement's days in its currency, or why it is not known."""

    total: Decimal
    held_for: set[str]
    steps: tuple[Step, ...]


def _share_of(agreement: InForce, gmv: Gmv, terms: Terms) -> tuple[Money, str]:
    """The share of GMV, half up; nothing for a month below zero, unless terms claw back."""
    claws_back = terms.parameters.negative_months == "claw_back"
    total = gmv.total if claws_back else max(gmv.total, Decimal(0))
    floor = "" if claws_back else ", of a month below zero nothing"
    required = f"{agreement.share} x GMV of its stores on days in force, half up{floor}"
    amount = EXACT.multiply(total, Decimal(agreement.share or "0"))
    rounding = rounding_of(terms.assume)
    return Money.rounded(amount, agreement.signing.event.currency, rounding), required


def _gmv(agreement: InForce, sales: dict[str, StoreState], reader: Reader, terms: Terms) -> Gmv:
    """GMV of the agreement's stores on its days in force, each day at its rate, unrounded.

    It is not known while a rate is missing or two systems report the same day of a store.
    """
    event = agreement.signing.event
    basis = _basis(agreement, terms)
    rates, edition = _into(event.currency, reader, terms)
    held_for: set[str] = set()
    counted: list[Recorded] = []
    feeds, others = [], []
    for store in sorted(set(event.stores)):
        own = sales[store].gmv_of(agreement.days, basis)
        counted += own
        if twice := two_feeds(own):
            feeds.append(f"store {store}: {twice}")
        mine = {id(fact) for fact in own}  # sales of orders share the position of their call
        others += [
            fact
            for fact in sales[store].gmv
            if fact.event.day in terms.days and id(fact) not in mine
        ]
    sum_ = convert(counted, rates, edition)
    steps = []
    if sum_.missing:
        held_for.add("fx_rate_missing")
        steps.append(Step("rates", observed=sum_.missing, pending="fx_rate_missing"))
    if feeds:
        held_for.add("two_feeds")
        events = tuple(sorted(fact.position for fact in counted))
        reported = "; ".join(feeds)
        steps.append(Step("two feeds", observed=reported, events=events, pending="two_feeds"))
    step = Step(
        f"GMV of {', '.join(sorted(set(event.stores)))}",
        required=f"{basis} GMV of the orders of {agreement.days.first} to {agreement.days.last}",
        observed=None if held_for else f"{sum_.total:f} {event.currency}",
        clause=terms.edition.cite.get("gmv_basis"),
        parts=(*sum_.parts, *left_out(others, basis)),
    )
    return Gmv(sum_.total, held_for, (step, *steps))


def _into(currency: str, reader: Reader, terms: Terms) -> tuple[Rates, Edition]:
    """Rates into an agreement's currency, for the days of the month."""
    known = terms.rates.get(currency)
    if known is None:
        changed = {"currency": currency, "first": terms.days.first, "last": terms.days.last}
        edition = terms.edition.model_copy(update=changed)
        age = terms.parameters.rate_max_age_days
        known = terms.rates[currency] = (Rates(reader, edition, age, at_once=terms.many), edition)
    return known
