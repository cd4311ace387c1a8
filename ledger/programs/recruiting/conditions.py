"""The ten conditions of the recruiting incentive, each with what it asked and what it saw.

A condition is met, unmet, or pending: pending names why (`window_open`: it can still be met;
`fx_rate_missing`, `two_feeds`: it cannot be judged). Source: seed 002, rules of incentive;
what the text leaves open is a parameter of the edition.
"""

from decimal import Decimal
from typing import NamedTuple

from ledger.aggregates.base import Recorded, first_of
from ledger.aggregates.merchant import MerchantTargeted
from ledger.aggregates.partner import PartnerCertified, PartnerTerminated
from ledger.aggregates.store_state import StoreState, listed_at
from ledger.kernel.decision import Step
from ledger.kernel.instants import Instant, day_of, format_instant
from ledger.kernel.money import EXACT, Money
from ledger.kernel.period import Days, Window, days_from
from ledger.programs.edition import Edition
from ledger.programs.recruiting.gather import Case, Rates
from ledger.programs.recruiting.parameters import Parameters

WINDOW_OPEN = "window_open"


class Terms(NamedTuple):
    """The edition at one as-of, with what every condition asks for."""

    edition: Edition
    parameters: Parameters
    as_of: Instant
    rates: Rates

    @property
    def window(self) -> Window:
        return self.edition.window

    def ended(self) -> bool:
        """Whether the term is over at as-of."""
        return self.as_of >= self.window.end

    def first_days(self, onboarding: Recorded) -> Days:
        """Day 0 to day 30 from the onboarding."""
        resting = self.parameters.rest_days if self.parameters.roll_over else None
        days = self.parameters.first_sale_within_days
        return days_from(onboarding.at, days, self.edition.zone, resting)


def judge(case: Case, terms: Terms) -> list[Step]:
    """All ten conditions, in the order in which codes are named."""
    targeting = case.merchant.targeting_at(terms.edition.program, _targeted_at(case, terms))
    return [
        partner_certified(case, terms),
        not_withheld(case, terms),
        targeted(targeting, terms),
        exclusive_link(case, targeting, terms),
        market(case, terms),
        first_verified(case, terms),
        first_sale_in_time(case, terms),
        gmv_over_threshold(case, terms),
        stock_in_countries(case, terms),
        store_open(case, terms),
    ]


def partner_certified(case: Case, terms: Terms) -> Step:
    """At or before the onboarding, the partner's last certification or termination certifies."""
    last = case.partner.certification_at(case.onboarding.at)
    met = last is not None and isinstance(last.event, PartnerCertified)
    rests_on: list[Recorded | None] = [last]
    observed = _named(last, "never certified by then")
    if met and terms.parameters.later_termination_forfeits:
        later = case.partner.certification_at(terms.as_of)
        if later and isinstance(later.event, PartnerTerminated):
            met, observed = False, _named(later, "")
            rests_on.append(later)
    required = f"certified when the store was onboarded, {format_instant(case.onboarding.at)}"
    return _step(terms, "partner_certified", met, required, observed, *rests_on)


def not_withheld(case: Case, terms: Terms) -> Step:
    """Nothing of this program is withheld from the store, or from the partner as a whole."""
    observed = _named(case.withheld[0], "") if case.withheld else "nothing withheld"
    required = "no incentive withheld for the store or the partner"
    return _step(terms, "not_withheld", not case.withheld, required, observed, *case.withheld)


def targeted(targeting: Recorded | None, terms: Terms) -> Step:
    """Of the merchant's targetings and removals for this program the last is a targeting."""
    met = targeting is not None and isinstance(targeting.event, MerchantTargeted)
    observed = _named(targeting, "never on the list")
    return _step(terms, "targeted", met, "merchant on the program's list", observed, targeting)


def exclusive_link(case: Case, targeting: Recorded | None, terms: Terms) -> Step:
    """An invited merchant opened its store through the link of the partner that invited it."""
    event = case.onboarding.event
    invitation = targeting.event if targeting is not None else None
    if not isinstance(invitation, MerchantTargeted) or invitation.mode != "invited":
        return _step(
            terms, "exclusive_link", True, "for invited merchants only", "not invited", targeting
        )
    named = invitation.partner
    met = event.via == "exclusive_link" and named in (None, event.partner)
    required = f"opened through the exclusive link of {named or event.partner}"
    observed = f"opened via {event.via}, introduced by {event.partner}"
    return _step(terms, "exclusive_link", met, required, observed, targeting, case.onboarding)


def market(case: Case, terms: Terms) -> Step:
    """The store's market is one of the edition's."""
    found, markets = case.onboarding.event.market, terms.parameters.markets
    required = f"one of {', '.join(markets)}"
    return _step(terms, "market", found in markets, required, found, case.onboarding)


def first_verified(case: Case, terms: Terms) -> Step:
    """The store is verified, and no store of its merchant or brand was verified before it.

    Of equal instants the smaller store id is first. An unverified store can still become the
    first until the term ends, unless a rival already is.
    """
    own = _verification(case.store, None if terms.parameters.verified_after_term else terms.window)
    scope = terms.window if terms.parameters.first_scope == "term" else None
    rivals = [
        (rival.at, state.store, rival)
        for state in case.rivals
        if (rival := _verification(state, scope))
    ]
    ahead = [one for one in rivals if own is None or one[:2] < (own.at, case.store.store)]
    required = "verified, and first of its merchant's and brand's stores"
    if ahead:
        at, store, rival = min(ahead)[:3]
        observed = f"{store} was verified first, {format_instant(at)}"
        return _step(terms, "first_verified", False, required, observed, own, rival)
    if own:
        observed = f"verified {format_instant(own.at)}, none before it"
        return _step(terms, "first_verified", True, required, observed, own)
    pending = None if terms.ended() else WINDOW_OPEN
    return _step(terms, "first_verified", False, required, "not verified", pending=pending)


def first_sale_in_time(case: Case, terms: Terms) -> Step:
    """The earliest first sale lies on day 0 to day 30 from onboarding, day 30 whole."""
    days = terms.first_days(case.onboarding)
    sale = case.store.first_sale
    met = sale is not None and day_of(sale.at, days.zone) in days
    pending = WINDOW_OPEN if sale is None and terms.as_of < days.window.end else None
    required = f"first sale on {days.first} to {days.last}"
    observed = f"{format_instant(sale.at)}" if sale else "no sale"
    return _step(terms, "first_sale_in_time", met, required, observed, sale, pending=pending)


def gmv_over_threshold(case: Case, terms: Terms) -> Step:
    """GMV of the window's orders, converted day by day and compared unrounded, is over 1000."""
    parameters, edition = terms.parameters, terms.edition
    first_sale_window = parameters.gmv_window == "first_sale_window"
    days = terms.first_days(case.onboarding) if first_sale_window else edition.days
    found = case.store.gmv_of(days, parameters.gmv_basis)
    threshold = Money.parse(parameters.gmv_over, edition.currency)
    required = (
        f"{parameters.gmv_basis} GMV of {days.first} to {days.last} "
        f"> {threshold.text} {threshold.currency}"
    )
    feeds = _two_feeds(found)
    total, missing, used = _convert(found, terms)
    if unjudged := missing or feeds:
        pending = "fx_rate_missing" if missing else "two_feeds"
        step = _step(
            terms, "gmv_over_threshold", None, required, unjudged, *found, *used, pending=pending
        )
        return step if not (missing and feeds) else step._replace(parts=(_also(feeds),))
    met = total > threshold.decimal
    waiting = WINDOW_OPEN if not met and terms.as_of < days.window.end else None
    observed = f"{total:f} {edition.currency}"
    return _step(
        terms, "gmv_over_threshold", met, required, observed, *found, *used, pending=waiting
    )


def stock_in_countries(case: Case, terms: Terms) -> Step:
    """Stock in all the countries at one common instant within the term."""
    countries = terms.parameters.stock_countries
    window = terms.window
    stock = case.store.stock
    candidates = {one.at for one in stock if one.at in window} | {window.start}
    listed: dict[str, Recorded] = {}
    best: dict[str, Recorded] = {}
    ordered = sorted(stock, key=_stock_key)
    for instant in sorted(candidates):
        if instant > terms.as_of:
            break
        listed = {c: r for c, r in listed_at(ordered, instant).items() if c in countries}
        if len(listed) > len(best):
            best = listed
        if len(listed) == len(countries):
            break
    met = len(best) == len(countries)
    pending = None if met or terms.ended() else WINDOW_OPEN
    required = f"stock in {', '.join(countries)} at one instant of the term"
    observed = f"at most {', '.join(sorted(best)) or 'none'} at once"
    rests_on = best.values() if met else stock
    return _step(terms, "stock_in_countries", met, required, observed, *rests_on, pending=pending)


def store_open(case: Case, terms: Terms) -> Step:
    """The store is in normal state when the term ends; until then it is asked at as-of."""
    test, window = terms.parameters.store_open_test, terms.window
    now = terms.as_of + 1  # as-of itself counts: what happened at that instant has happened
    if test == "throughout":
        span = Window(case.onboarding.at, min(window.end, now))
        disturbed = case.store.disturbance(span)
        required = "normal state from onboarding to the term's end"
        observed = _named(disturbed, "normal state")
        return _step(terms, "store_open", disturbed is None, required, observed, disturbed)
    standing = case.store.standing(now if test == "at_as_of" else min(window.end, now))
    pending = None if standing.normal or terms.ended() else WINDOW_OPEN
    required = "normal state " + ("at as-of" if test == "at_as_of" else "at the term's end")
    observed = _named(standing.because, "normal state")
    return _step(
        terms, "store_open", standing.normal, required, observed, standing.because, pending=pending
    )


def high_risk(store: StoreState, terms: Terms) -> Recorded | None:
    """The closure that makes a store high-risk: standing at the term's end, for such a reason."""
    parameters = terms.parameters
    before = min(terms.window.end, terms.as_of + 1)
    cured = parameters.high_risk_cured_by_reopening
    return store.closure(before, parameters.high_risk_reasons, cured)


def _targeted_at(case: Case, terms: Terms) -> Instant:
    at_onboarding = terms.parameters.targeted_when == "onboarding"
    return case.onboarding.at if at_onboarding else terms.as_of


def _verification(state: StoreState, within: Window | None) -> Recorded | None:
    if within is None:
        return state.verification
    return first_of(one for one in state.verifications if one.at in within)


def _convert(found: list[Recorded], terms: Terms) -> tuple[Decimal, str | None, list[Recorded]]:
    """The sum in the edition's currency, what has no rate, and the quotes that were used."""
    total = Decimal(0)
    used: dict[int, Recorded] = {}
    by_order = terms.parameters.rate_day == "order"
    for one in found:
        event = one.event
        amount = Decimal(event.amount)
        if event.currency != terms.edition.currency:
            day = event.day if by_order else day_of(one.at, terms.edition.zone)
            rate = terms.rates.into(event.currency, day)
            if rate is None:
                missing = f"no rate {event.currency} to {terms.edition.currency} for {day}"
                return total, missing, list(used.values())
            used[rate[1].position] = rate[1]
            amount = EXACT.multiply(amount, rate[0])
        total = EXACT.add(total, amount)
    return total, None, list(used.values())


def _two_feeds(found: list[Recorded]) -> str | None:
    """The first day for which two sources report GMV: neither may be chosen for the payee."""
    sources: dict[object, str] = {}
    for one in found:
        source = one.event.source or ""
        if sources.setdefault(one.event.day, source) != source:
            return f"{one.event.day} is reported by {sources[one.event.day]!r} and {source!r}"
    return None


def _also(feeds: str) -> Step:
    return Step("gmv_over_threshold", observed=feeds, pending="two_feeds")


def _stock_key(recorded: Recorded) -> tuple[Instant, int]:
    return recorded.at, recorded.event.ORDER


def _named(recorded: Recorded | None, otherwise: str) -> str:
    if recorded is None:
        return otherwise
    reason = getattr(recorded.event, "reason", None)
    name = type(recorded.event).__name__ + (f" ({reason})" if reason else "")
    return f"{name} at {format_instant(recorded.at)}"


def _step(
    terms: Terms,
    code: str,
    met: bool | None,
    required: str,
    observed: str,
    *rests_on: Recorded | None,
    pending: str | None = None,
) -> Step:
    events = tuple(sorted({one.position for one in rests_on if one is not None}))
    cite = terms.edition.cite
    clause = cite.get(code) or cite.get(_PARAMETER.get(code, ""))
    label = code.replace("_", " ")
    return Step(
        label, None, None if pending else met, required, observed, clause, events, (), code, pending
    )


_PARAMETER = {
    "market": "markets",
    "first_sale_in_time": "first_sale_within_days",
    "gmv_over_threshold": "gmv_over",
    "stock_in_countries": "stock_countries",
    "store_open": "store_open_test",
    "first_verified": "first_scope",
}
