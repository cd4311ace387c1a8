"""The ten conditions of the recruiting incentive, each with what it required and observed.

A condition is met, unmet, or pending: pending names the reason (`window_open`: it can still be
met; `fx_rate_missing`, `two_feeds`: it cannot be judged). Source: seed 002, rules of incentive;
what the text leaves open is a parameter of the edition.
"""

from decimal import Decimal

from ledger.aggregates.base import Recorded, first_of
from ledger.aggregates.merchant import MerchantTargeted
from ledger.aggregates.partner import PartnerCertified, PartnerTerminated
from ledger.aggregates.store_state import StoreState, listed_over
from ledger.kernel.decision import DaySpan, Step
from ledger.kernel.instants import EARLIEST, Instant, day_of
from ledger.kernel.period import Window
from ledger.programs.recruiting.gather import Case
from ledger.programs.recruiting.gmv import gmv_over_threshold
from ledger.programs.recruiting.steps import WINDOW_OPEN, Judged, Terms, named, step

DAYS_TO_SALE = "days to the first sale"


def judge(case: Case, terms: Terms) -> tuple[Judged, ...]:
    """All ten conditions, in the order of their codes."""
    targeting = case.merchant.targeting_at(terms.edition.program, _targeted_at(case, terms))
    return (
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
    )


def partner_certified(case: Case, terms: Terms) -> Judged:
    """The partner's last certification or termination at or before the onboarding certifies it."""
    last = case.partner.certification_at(case.onboarding.at)
    met, later = last is not None and isinstance(last.event, PartnerCertified), None
    if met and terms.parameters.later_termination_forfeits:
        later = case.partner.certification_at(terms.as_of)
        if later and isinstance(later.event, PartnerTerminated):
            met = False
    because = last if met or later is None else later

    def tell() -> Step:
        observed = named(because, "never certified by then", terms)
        required = f"certified when the store was onboarded, {terms.local(case.onboarding.at)}"
        facts = case.partner.standing
        return step(terms, "partner_certified", met, required, observed, *facts)

    return Judged.of("partner_certified", met, tell)


def not_withheld(case: Case, terms: Terms) -> Judged:
    """Nothing of this program is withheld from the store, or from the partner as a whole."""
    withheld = case.withheld

    def tell() -> Step:
        observed = named(withheld[0], "", terms) if withheld else "nothing withheld"
        required = "no incentive withheld for the store or the partner"
        return step(terms, "not_withheld", not withheld, required, observed, *withheld)

    return Judged.of("not_withheld", not withheld, tell)


def targeted(case: Case, targeting: Recorded | None, terms: Terms) -> Judged:
    """The last of the merchant's targetings and removals for this program is a targeting."""
    met = targeting is not None and isinstance(targeting.event, MerchantTargeted)

    def tell() -> Step:
        observed = named(targeting, "never on the list", terms)
        required = "merchant on the program's list"
        return step(terms, "targeted", met, required, observed, *case.merchant.targeting)

    return Judged.of("targeted", met, tell)


def exclusive_link(case: Case, targeting: Recorded | None, terms: Terms) -> Judged:
    """An invited merchant opened its store through the link of the partner that invited it.

    Which other partner an invitation names is no business of the one that is paid.
    """
    event, code = case.onboarding.event, "exclusive_link"
    invitation = targeting.event if targeting is not None else None
    if not isinstance(invitation, MerchantTargeted) or invitation.mode != "invited":
        required, observed = "for invited merchants only", "not invited"
        return Judged.of(code, True, lambda: step(terms, code, True, required, observed, targeting))
    inviter = invitation.partner
    met = event.via == "exclusive_link" and inviter in (None, event.partner)

    def tell() -> Step:
        required = f"opened through the exclusive link of {event.partner}"
        observed = f"opened via {event.via}, introduced by {event.partner}"
        facts, discreet = (targeting, case.onboarding), None
        if inviter not in (None, event.partner):
            required = "opened through the exclusive link of the partner that the invitation names"
            observed, discreet = f"{observed}; the invitation names {inviter}", observed
        return step(terms, code, met, required, observed, *facts, discreet=discreet)

    return Judged.of(code, met, tell)


def market(case: Case, terms: Terms) -> Judged:
    """The store's market is one of the edition's."""
    own, markets = case.onboarding.event.market, terms.parameters.markets
    met = own in markets

    def tell() -> Step:
        return step(terms, "market", met, f"one of {', '.join(markets)}", own, case.onboarding)

    return Judged.of("market", met, tell)


def first_verified(case: Case, terms: Terms) -> Judged:
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
    met = bool(own) and not ahead
    pending = None if ahead or own or terms.ended() else WINDOW_OPEN

    def tell() -> Step:
        observed = discreet = "not verified"
        facts = [*case.store.verifications]
        if ahead:
            at, store, rival = min(ahead)[:3]
            observed = f"{store} was verified first, {terms.local(at)}"
            discreet = "another store of the merchant or brand was verified first"
            facts.append(rival)
        elif own:
            observed = discreet = f"verified {terms.local(own.at)}, none before it"
        return step(
            *(terms, "first_verified", met),
            "verified, and first of its merchant's and brand's stores",
            observed,
            *facts,
            pending=pending,
            parts=(case.kin.step,) if case.kin else (),
            discreet=discreet,
        )

    return Judged.of("first_verified", met, tell, pending=pending)


def first_sale_in_time(case: Case, terms: Terms) -> Judged:
    """The earliest first sale is on day 0 to day 30 from onboarding, including all of day 30."""
    days, sale, code = case.days, case.store.first_sale, "first_sale_in_time"
    day = None if sale is None else day_of(sale.at, days.zone)
    met = day is not None and day in days
    pending = WINDOW_OPEN if sale is None and terms.as_of < days.window.end else None

    def tell() -> Step:
        required = f"first sale on {days.first} to {days.last}"
        measures: tuple[tuple[str, Decimal], ...] = ()
        observed = "no sale"
        if sale is not None and day is not None:
            number = (day - days.first).days
            observed = f"{terms.local(sale.at)}, day {number}"
            measures = ((DAYS_TO_SALE, Decimal(number)),)
        sales = case.store.sales
        how = step(terms, code, met, required, observed, *sales, pending=pending)
        spans = (DaySpan("first sale due", days.first, days.last),)
        return how._replace(measures=measures, spans=spans)

    return Judged.of(code, met, tell, pending=pending)


def stock_in_countries(case: Case, terms: Terms) -> Judged:
    """Stock in all the countries at one common instant within the term."""
    code, parameters, stock = "stock_in_countries", terms.parameters, case.store.stock
    asked_in, own = parameters.stock_asked_in, case.onboarding.event.market
    if asked_in != "all" and own not in asked_in:
        required, observed = f"asked of stores in {', '.join(asked_in)}", f"a store in {own}"
        fact = case.onboarding
        return Judged.of(code, True, lambda: step(terms, code, True, required, observed, fact))
    best = _most_at_once(stock, terms)
    met = len(best) == len(parameters.stock_countries)
    pending = None if met or terms.ended() else WINDOW_OPEN

    def tell() -> Step:
        at_once = parameters.stock_test == "at_once"
        required = f"stock in {', '.join(parameters.stock_countries)} {_WHEN[at_once]}"
        observed = f"at most {', '.join(sorted(best)) or 'none'}" + (" at once" if at_once else "")
        return step(terms, code, met, required, observed, *stock, pending=pending)

    return Judged.of(code, met, tell, pending=pending)


def _most_at_once(stock: list[Recorded], terms: Terms) -> dict[str, Recorded]:
    """The countries with stock at the first instant of the term at which most of those asked for
    have some; where instants need not be common, at any instant up to it."""
    countries, window = terms.parameters.stock_countries, terms.window
    at_once = terms.parameters.stock_test == "at_once"
    candidates = {fact.at for fact in stock if window.start <= fact.at < window.end} | {
        window.start
    }
    instants = sorted(instant for instant in candidates if instant <= terms.as_of)
    listed: dict[str, Recorded] = {}
    best: dict[str, Recorded] = {}
    for everywhere in listed_over(sorted(stock, key=_stock_key), instants):
        now = {country: fact for country, fact in everywhere.items() if country in countries}
        listed = now if at_once else listed | now
        if len(listed) > len(best):
            best = listed
        if len(best) == len(countries):
            break
    return best


_WHEN = {True: "at one instant of the term", False: "at any instants of the term"}


def store_open(case: Case, terms: Terms) -> Judged:
    """The store is in normal state when the term ends; before that, at as-of."""
    test, window = terms.parameters.store_open_test, terms.window
    now = terms.as_of + 1  # as-of is inclusive: what happened at that instant has happened
    pending = None
    if test == "throughout":
        because = case.store.disturbance(Window(case.onboarding.at, min(window.end, now)))
        met = because is None
        required = "normal state from onboarding to the term's end"
    else:
        standing = case.store.standing(now if test == "at_as_of" else min(window.end, now))
        met, because = standing
        pending = None if met or terms.ended() else WINDOW_OPEN
        required = "normal state " + ("at as-of" if test == "at_as_of" else "at the term's end")

    def tell() -> Step:
        observed = named(because, "normal state", terms)
        status = case.store.status
        return step(terms, "store_open", met, required, observed, *status, pending=pending)

    return Judged.of("store_open", met, tell, pending=pending)


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
