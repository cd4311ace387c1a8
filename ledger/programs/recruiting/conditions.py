"""The ten conditions of the recruiting incentive, each with what it required and observed.

A condition is met, unmet, or pending: pending names the reason (`window_open`: it can still be
met; `fx_rate_missing`, `two_feeds`: it cannot be judged). Source: seed 002, rules of incentive;
what the text leaves open is a parameter of the edition.
"""

from decimal import Decimal
from typing import Any

from ledger.aggregates.base import Recorded, first_of
from ledger.aggregates.merchant import MerchantTargeted
from ledger.aggregates.partner import PartnerCertified, PartnerTerminated
from ledger.aggregates.store_state import StoreState, listed_at
from ledger.kernel.decision import DaySpan, Step
from ledger.kernel.instants import EARLIEST, Instant, day_of
from ledger.kernel.period import Window
from ledger.programs.recruiting.gather import Case
from ledger.programs.recruiting.gmv import gmv_over_threshold
from ledger.programs.recruiting.steps import WINDOW_OPEN, Terms, named, step

DAYS_TO_SALE = "days to the first sale"


def judge(case: Case, terms: Terms) -> list[Step]:
    """All ten conditions, in the order of their codes."""
    targeting = case.merchant.targeting_at(terms.edition.program, _targeted_at(case, terms))
    return [
        partner_certified(case, terms),
        not_withheld(case, terms),
        targeted(case, targeting, terms),
        exclusive_link(case, targeting, terms),
        market(case, terms),
        first_verified(case, terms),
        first_sale_in_time(case, terms),
        gmv_over_threshold(case, terms),
        stock_in_countries(case, terms),
        store_open(case, terms),
    ]


def partner_certified(case: Case, terms: Terms) -> Step:
    """The partner's last certification or termination at or before the onboarding certifies it."""
    last = case.partner.certification_at(case.onboarding.at)
    met = last is not None and isinstance(last.event, PartnerCertified)
    facts = case.partner.standing
    observed = named(last, "never certified by then", terms)
    if met and terms.parameters.later_termination_forfeits:
        later = case.partner.certification_at(terms.as_of)
        if later and isinstance(later.event, PartnerTerminated):
            met, observed = False, named(later, "", terms)
    required = f"certified when the store was onboarded, {terms.local(case.onboarding.at)}"
    return step(terms, "partner_certified", met, required, observed, *facts)


def not_withheld(case: Case, terms: Terms) -> Step:
    """Nothing of this program is withheld from the store, or from the partner as a whole."""
    observed = named(case.withheld[0], "", terms) if case.withheld else "nothing withheld"
    required = "no incentive withheld for the store or the partner"
    return step(terms, "not_withheld", not case.withheld, required, observed, *case.withheld)


def targeted(case: Case, targeting: Recorded | None, terms: Terms) -> Step:
    """The last of the merchant's targetings and removals for this program is a targeting."""
    met = targeting is not None and isinstance(targeting.event, MerchantTargeted)
    observed = named(targeting, "never on the list", terms)
    required = "merchant on the program's list"
    return step(terms, "targeted", met, required, observed, *case.merchant.targeting)


def exclusive_link(case: Case, targeting: Recorded | None, terms: Terms) -> Step:
    """An invited merchant opened its store through the link of the partner that invited it.

    Which other partner an invitation names is no business of the one that is paid.
    """
    event = case.onboarding.event
    invitation = targeting.event if targeting is not None else None
    if not isinstance(invitation, MerchantTargeted) or invitation.mode != "invited":
        return step(
            terms, "exclusive_link", True, "for invited merchants only", "not invited", targeting
        )
    inviter = invitation.partner
    met = event.via == "exclusive_link" and inviter in (None, event.partner)
    required = f"opened through the exclusive link of {event.partner}"
    observed = f"opened via {event.via}, introduced by {event.partner}"
    facts, discreet = (targeting, case.onboarding), None
    if inviter not in (None, event.partner):
        required = "opened through the exclusive link of the partner that the invitation names"
        observed, discreet = f"{observed}; the invitation names {inviter}", observed
    return step(terms, "exclusive_link", met, required, observed, *facts, discreet=discreet)


def market(case: Case, terms: Terms) -> Step:
    """The store's market is one of the edition's."""
    own, markets = case.onboarding.event.market, terms.parameters.markets
    required = f"one of {', '.join(markets)}"
    return step(terms, "market", own in markets, required, own, case.onboarding)


def first_verified(case: Case, terms: Terms) -> Step:
    """The store is verified, and no store of its merchant or brand was verified before it.

    At equal instants the smaller store id is first. An unverified store can still become the
    first until the term ends, unless a rival already is.
    """
    in_time = Window(EARLIEST, terms.window.end)
    own = _verification(case.store, None if terms.parameters.verified_after_term else in_time)
    scope = terms.window if terms.parameters.first_scope == "term" else None
    rivals = [
        (rival.at, state.store, rival)
        for state in case.rivals
        if (rival := _verification(state, scope))
    ]
    ahead = [rival for rival in rivals if own is None or rival[:2] < (own.at, case.store.store)]
    code, required = "first_verified", "verified, and first of its merchant's and brand's stores"
    mine = case.store.verifications
    parts = (case.kin,) if case.kin else ()
    if ahead:
        at, store, rival = min(ahead)[:3]
        observed = f"{store} was verified first, {terms.local(at)}"
        discreet = "another store of the merchant or brand was verified first"
        return step(
            terms, code, False, required, observed, *mine, rival, parts=parts, discreet=discreet
        )
    if own:
        observed = f"verified {terms.local(own.at)}, none before it"
        discreet = observed
        return step(terms, code, True, required, observed, *mine, parts=parts, discreet=discreet)
    pending = None if terms.ended() else WINDOW_OPEN
    discreet = "not verified"
    more: dict[str, Any] = {"pending": pending, "parts": parts, "discreet": discreet}
    return step(terms, code, False, required, discreet, *mine, **more)


def first_sale_in_time(case: Case, terms: Terms) -> Step:
    """The earliest first sale is on day 0 to day 30 from onboarding, including all of day 30."""
    days = terms.first_days(case.onboarding)
    sale = case.store.first_sale
    met = sale is not None and day_of(sale.at, days.zone) in days
    pending = WINDOW_OPEN if sale is None and terms.as_of < days.window.end else None
    required = f"first sale on {days.first} to {days.last}"
    measures: tuple[tuple[str, Decimal], ...] = ()
    observed = "no sale"
    if sale:
        number = (day_of(sale.at, days.zone) - days.first).days
        observed = f"{terms.local(sale.at)}, day {number}"
        measures = ((DAYS_TO_SALE, Decimal(number)),)
    sales, code = case.store.sales, "first_sale_in_time"
    judged = step(terms, code, met, required, observed, *sales, pending=pending)
    spans = (DaySpan("first sale due", days.first, days.last),)
    return judged._replace(measures=measures, spans=spans)


def stock_in_countries(case: Case, terms: Terms) -> Step:
    """Stock in all the countries at one common instant within the term."""
    countries = terms.parameters.stock_countries
    window = terms.window
    asked_in, own = terms.parameters.stock_asked_in, case.onboarding.event.market
    if asked_in != "all" and own not in asked_in:
        required = f"asked of stores in {', '.join(asked_in)}"
        observed = f"a store in {own}"
        return step(terms, "stock_in_countries", True, required, observed, case.onboarding)
    stock = case.store.stock
    candidates = {fact.at for fact in stock if fact.at in window} | {window.start}
    listed: dict[str, Recorded] = {}
    best: dict[str, Recorded] = {}
    ordered = sorted(stock, key=_stock_key)
    for instant in sorted(candidates):
        if instant > terms.as_of:
            break
        if terms.parameters.stock_test == "at_once":
            listed = {}
        listed |= {c: r for c, r in listed_at(ordered, instant).items() if c in countries}
        if len(listed) > len(best):
            best = dict(listed)
        if len(listed) == len(countries):
            break
    met = len(best) == len(countries)
    pending = None if met or terms.ended() else WINDOW_OPEN
    at_once = terms.parameters.stock_test == "at_once"
    required = f"stock in {', '.join(countries)} {_WHEN[at_once]}"
    observed = f"at most {', '.join(sorted(best)) or 'none'}" + (" at once" if at_once else "")
    return step(terms, "stock_in_countries", met, required, observed, *stock, pending=pending)


_WHEN = {True: "at one instant of the term", False: "at any instants of the term"}


def store_open(case: Case, terms: Terms) -> Step:
    """The store is in normal state when the term ends; before that, at as-of."""
    test, window = terms.parameters.store_open_test, terms.window
    now = terms.as_of + 1  # as-of is inclusive: what happened at that instant has happened
    if test == "throughout":
        span = Window(case.onboarding.at, min(window.end, now))
        disturbed = case.store.disturbance(span)
        required = "normal state from onboarding to the term's end"
        observed = named(disturbed, "normal state", terms)
        status = case.store.status
        return step(terms, "store_open", disturbed is None, required, observed, *status)
    standing = case.store.standing(now if test == "at_as_of" else min(window.end, now))
    pending = None if standing.normal or terms.ended() else WINDOW_OPEN
    required = "normal state " + ("at as-of" if test == "at_as_of" else "at the term's end")
    observed = named(standing.because, "normal state", terms)
    status = case.store.status
    return step(terms, "store_open", standing.normal, required, observed, *status, pending=pending)


def high_risk(store: StoreState, terms: Terms) -> Recorded | None:
    """The closure that makes a store high-risk: for one of the reasons, in force at the term's end
    (or at as-of, where the terms say so)."""
    parameters = terms.parameters
    now = terms.as_of + 1
    at_as_of = parameters.high_risk_when == "at_as_of"
    before = now if at_as_of else min(terms.window.end, now)
    cured = parameters.high_risk_cured_by_reopening
    return store.closure(before, parameters.high_risk_reasons, cured)


def _targeted_at(case: Case, terms: Terms) -> Instant:
    at_onboarding = terms.parameters.targeted_when == "onboarding"
    return case.onboarding.at if at_onboarding else terms.as_of


def _verification(state: StoreState, within: Window | None) -> Recorded | None:
    if within is None:
        return state.verification
    return first_of(
        verification for verification in state.verifications if verification.at in within
    )


def _stock_key(recorded: Recorded) -> tuple[Instant, int]:
    return recorded.at, recorded.event.ORDER
