"""What the lines of an enrolment measure: validity, GMV, commission, content, payments."""

from decimal import Decimal
from typing import NamedTuple

from ledger.aggregates.base import Recorded
from ledger.aggregates.enrolment_state import EnrolmentState
from ledger.kernel.decision import DaySpan, Step
from ledger.kernel.instants import Instant, day_of, local
from ledger.kernel.money import EXACT, Money
from ledger.kernel.period import Days, Window
from ledger.programs.edition import Edition
from ledger.programs.exchange import Rates, convert, left_out, two_feeds
from ledger.programs.growth.gather import Case
from ledger.programs.growth.parameters import Parameters
from ledger.programs.variants import rounding_of


class Terms(NamedTuple):
    """The edition at one as-of, with what every measure needs."""

    edition: Edition
    parameters: Parameters
    as_of: Instant
    rates: Rates
    assume: frozenset[str] = frozenset()

    @property
    def window(self) -> Window:
        return self.edition.window

    @property
    def fixed_fee(self) -> Money:
        return Money.parse(self.parameters.fixed_fee, self.edition.currency)

    def ended(self) -> bool:
        """Whether the term is over at as-of."""
        return self.as_of >= self.window.end

    def local(self, instant: Instant) -> str:
        """An instant as read in the edition's zone."""
        return local(instant, self.edition.zone)

    def clause(self, *parameters: str) -> str | None:
        """The clause of the first of some parameters that is cited."""
        cite = self.edition.cite
        return next((cite[name] for name in parameters if name in cite), None)


class Validity(NamedTuple):
    """Whether the enrolment is valid, condition by condition."""

    steps: tuple[Step, ...]
    unmet: tuple[str, ...]


def invitation_of(
    state: EnrolmentState, enrolment: Recorded, parameters: Parameters
) -> Recorded | None:
    """The invitation that counts: the earliest one up to as-of or, where the terms say so, up to
    the enrolment; None without one."""
    invitation = state.invitation
    if invitation and parameters.invited_when == "enrolment" and invitation.at > enrolment.at:
        return None
    return invitation


def validity(case: Case, terms: Terms) -> Validity:
    """Invited, and enrolled before the term's end."""
    invitation = invitation_of(case.state, case.enrolment, terms.parameters)
    invited = Step(
        "invited",
        met=invitation is not None,
        required="the merchant was invited"
        + (" by its enrolment" if terms.parameters.invited_when == "enrolment" else ""),
        observed=f"invited {terms.local(invitation.at)}" if invitation else "no invitation",
        clause=terms.clause("invited"),
        events=tuple(sorted(invitation.position for invitation in case.state.invitations)),
        code="invited",
    )
    in_time = case.enrolment.at < terms.window.end
    enrolled = Step(
        "enrolled in time",
        met=in_time,
        required=f"before the term's end, {terms.local(terms.window.end)}",
        observed=f"enrolled {terms.local(case.enrolment.at)}",
        clause=terms.clause("enrolled_in_time"),
        events=tuple(sorted(enrolment.position for enrolment in case.state.enrolments)),
        code="enrolled_in_time",
    )
    steps = (invited, enrolled)
    unmet = (step.code or "" for step in steps if not step.met)
    return Validity(steps, tuple(code for code in unmet if code not in terms.assume))


class Gmv(NamedTuple):
    """GMV of the enrolment's days, or why it is not known, with its step."""

    total: Decimal
    held_for: tuple[str, ...]
    step: Step


def gmv(case: Case, terms: Terms) -> Gmv:
    """GMV of the enrolled store from the later of enrolment and term start to the term's end.

    Converted day by day, unrounded. It is not known while a rate is missing or two systems report
    the same day.
    """
    parameters, edition = terms.parameters, terms.edition
    first = max(day_of(case.enrolment.at, edition.zone), edition.first)
    days = Days(first, edition.days.last, edition.zone)
    reported = case.store.gmv_of(days, parameters.gmv_basis)
    counted = [
        fact for fact in reported if parameters.gmv_refunds == "deduct" or not fact.event.is_refund
    ]
    mine = {id(fact) for fact in counted}  # sales of orders share the position of their call
    others = [fact for fact in case.store.gmv if id(fact) not in mine]
    sum_, feeds = convert(counted, terms.rates, edition), two_feeds(reported)
    held_for = (("fx_rate_missing",) if sum_.missing else ()) + (("two_feeds",) if feeds else ())
    observed = " and ".join(problem for problem in (sum_.missing, feeds) if problem)
    step = Step(
        f"GMV of store {case.store.store}",
        required=f"{parameters.gmv_basis} GMV of the orders of {days.first} to {days.last}",
        observed=observed or f"{sum_.total:f} {edition.currency}",
        clause=terms.clause("gmv_basis", "commission_rate"),
        parts=(*sum_.parts, *left_out(others, parameters.gmv_basis)),
        pending=held_for[0] if held_for else None,
        spans=(DaySpan("GMV counted", days.first, days.last),) if days.first <= days.last else (),
    )
    return Gmv(sum_.total, held_for, step)


def commission(measured: Gmv, terms: Terms) -> Money:
    """The commission that the merchant owes: rate x GMV, half up, never below zero."""
    edition, rate = terms.edition, Decimal(terms.parameters.commission_rate)
    if measured.total <= 0:
        return Money.zero(edition.currency)
    return Money.rounded(
        EXACT.multiply(measured.total, rate), edition.currency, rounding_of(terms.assume)
    )


class Content(NamedTuple):
    """How much content of a kind was promised, delivered within the term, and delivered later."""

    kind: str
    promised: int | None
    delivered: int
    later: tuple[Recorded, ...]
    step: Step

    @property
    def short(self) -> int:
        """How many are missing; zero where the promise is kept or not known."""
        return max((self.promised or 0) - self.delivered, 0)


def content(case: Case, kind: str, terms: Terms) -> Content:
    """Deliveries from the term's start, or the enrolment where that is earlier, to its end.

    Where the terms name tiers of creators, videos of other creators or of those without a tier
    do not count, neither within the term nor to make up for missing ones.
    """
    window = Window(min(terms.window.start, case.enrolment.at), terms.window.end)
    promise = case.state.promise(kind, terms.window.end)
    approved_only = terms.parameters.counts_when == "approved"
    counting = case.state.delivered(kind, approved_only=approved_only)
    tiers = terms.parameters.creator_tiers if kind == "creator_video" else None
    if tiers is not None:
        counting = [fact for fact in counting if fact.event.creator_tier in tiers]
    within = [fact for fact in counting if fact.at in window]
    later = tuple(fact for fact in counting if fact.at >= window.end)
    delivered = sum(fact.event.count for fact in within)
    promised = promise[0] if promise else None
    known = {fact.position for fact in (*within, *later)}
    mine = [delivery for delivery in case.state.deliveries if delivery.event.kind == kind]
    step = Step(
        f"{kind} content",
        required="a promised count that nobody has told"
        if promised is None
        else f"{promised} promised" + (f", by creators of {_tiers_text(tiers)}" if tiers else ""),
        observed=f"{delivered} {terms.parameters.counts_when} within the term",
        clause=terms.clause("tiers"),
        events=tuple(
            sorted(
                {fact.position for fact in within}
                | {
                    promise.position
                    for promise in case.state.promises
                    if promise.event.kind == kind
                }
                | ({promise[1].position} if promise else set())
            )
        ),
        parts=_not_within(later, [fact for fact in mine if fact.position not in known]),
    )
    return Content(kind, promised, delivered, later, step)


def _tiers_text(tiers: tuple[str, ...]) -> str:
    """The tiers in words."""
    return f"the tier {tiers[0]}" if len(tiers) == 1 else f"the tiers {', '.join(tiers)}"


def _not_within(later: tuple[Recorded, ...], others: list[Recorded]) -> tuple[Step, ...]:
    parts = []
    for label, facts in (("delivered after the term", later), ("not counted", others)):
        if facts:
            count = sum(fact.event.count for fact in facts)
            events = tuple(sorted(fact.position for fact in facts))
            parts.append(Step(label, observed=str(count), events=events))
    return tuple(parts)


class Payments(NamedTuple):
    """What was paid towards the fixed fee by as-of."""

    enough: bool
    step: Step


def payments(case: Case, terms: Terms) -> Payments:
    """Payments in the fee's currency, summed; others do not count towards it."""
    fee = terms.fixed_fee
    facts = case.state.paid()
    counting = [fact for fact in facts if fact.event.currency == fee.currency]
    total = sum(Money.parse(fact.event.amount, fee.currency).minor for fact in counting)
    enough = total >= fee.minor
    other = len(facts) - len(counting)
    step = Step(
        "fixed fee paid",
        met=enough,
        required=f"{fee.text} {fee.currency}",
        observed=f"{Money(total, fee.currency).text} {fee.currency}"
        + (f"; {other} payments in another currency do not count" if other else ""),
        clause=terms.clause("compensation_waits_for_fee", "fixed_fee"),
        events=tuple(sorted(fact.position for fact in facts)),
        code="fixed_fee_paid",
    )
    return Payments(enough, step)
