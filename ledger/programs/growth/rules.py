"""The growth service: three months for a fixed fee and a commission, compensated in ad credit.

Map: each enrolment is judged from its own facts; there is no reduce step. Source: seed 001.
"""

from decimal import Decimal
from typing import NamedTuple

from ledger.aggregates.enrolment import CONTENT_KINDS
from ledger.kernel.decision import Step
from ledger.kernel.money import EXACT, Money
from ledger.programs.contract import Answer, Asked, Obligation, Reader
from ledger.programs.exchange import Rates
from ledger.programs.growth import compensation, obligations
from ledger.programs.growth.gather import Case, cases
from ledger.programs.growth.measures import (
    Content,
    Gmv,
    Payments,
    Terms,
    Validity,
    commission,
    content,
    gmv,
    payments,
    validity,
)
from ledger.programs.growth.parameters import parameters_of
from ledger.programs.line import PLATFORM, Line

KINDS = ("fixed_fee", "commission", "compensation")
OWED_FOR = {"fixed_fee": "fixed_fee", "commission": "commission_rate", "compensation": "tiers"}


class Enrolment(NamedTuple):
    """One enrolment with everything measured for it."""

    case: Case
    valid: Validity
    gmv: Gmv
    contents: tuple[Content, ...]
    payments: Payments


def settle_v1(reader: Reader, asked: Asked) -> Answer:
    """Three lines for every merchant that enrolled: fixed fee, commission, compensation.

    With subjects, ids of merchants, only theirs.
    """
    edition = asked.edition
    parameters = parameters_of(edition)
    rates = Rates(reader, edition, parameters.rate_max_age_days, at_once=asked.many)
    terms = Terms(edition, parameters, reader.clocks.as_of, rates, asked.assume)
    enrolments = [_measure(case, terms) for case in cases(reader, edition, asked.subjects)]
    lines = sorted(line for enrolment in enrolments for line in _lines(enrolment, terms))
    owed = sorted(owed for enrolment in enrolments for owed in _obligations(enrolment, terms))
    return Answer(lines, tuple(owed))


def _measure(case: Case, terms: Terms) -> Enrolment:
    return Enrolment(
        case,
        validity(case, terms),
        gmv(case, terms),
        tuple(content(case, kind, terms) for kind in CONTENT_KINDS),
        payments(case, terms),
    )


def _lines(enrolment: Enrolment, terms: Terms) -> list[Line]:
    charged = commission(enrolment.gmv, terms)
    judged = compensation.judge(
        enrolment.gmv, charged, enrolment.contents, enrolment.payments, terms
    )
    return [
        _fixed_fee(enrolment, terms),
        _commission(enrolment, charged, terms),
        _compensation(enrolment, judged, terms),
    ]


def _fixed_fee(enrolment: Enrolment, terms: Terms) -> Line:
    """The whole fee, owed from the enrolment on, whether it is paid or not."""
    fee = terms.fixed_fee
    owed = Step("fixed fee", fee.negated(), clause=terms.clause("fixed_fee"))
    parts = (owed, enrolment.payments.step)
    return _line(enrolment, "fixed_fee", fee.negated(), (), (), parts, terms)


def _commission(enrolment: Enrolment, charged: Money, terms: Terms) -> Line:
    rate = terms.parameters.commission_rate
    covered = tuple(_covered(enrolment, terms)) if not enrolment.gmv.held_for else ()
    parts = (enrolment.gmv.step, *covered)
    note = f"{rate} x GMV, half up to the cent, never below zero"
    return _line(
        enrolment, "commission", charged.negated(), (), enrolment.gmv.held_for, parts, terms, note
    )


def _covered(enrolment: Enrolment, terms: Terms) -> list[Step]:
    """What fixed fee and commission cover, for the record: no further charge may be made."""
    total, parts = max(enrolment.gmv.total, Decimal(0)), []
    for head, shares in terms.parameters.covered.items():
        amounts = [EXACT.multiply(Decimal(share), total) for share in shares]
        worth = [Money.rounded(amount, terms.edition.currency) for amount in amounts]
        observed = " to ".join(f"{money.text} {money.currency}" for money in worth)
        parts.append(
            Step(
                f"covered: {head.replace('_', ' ')}",
                required=" to ".join(shares) + " of GMV" if shares else "nothing more is charged",
                observed=observed or None,
                clause=terms.clause("covered"),
            )
        )
    return parts


def _compensation(enrolment: Enrolment, judged: compensation.Judged, terms: Terms) -> Line:
    return _line(
        enrolment, "compensation",
        judged.amount, judged.unmet, judged.held_for, judged.parts, terms,
        "the highest tier that was missed x fixed fee, in ad credit",
    )  # fmt: skip


def _line(
    enrolment: Enrolment,
    kind: str,
    amount: Money,
    unmet: tuple[str, ...],
    held_for: tuple[str, ...],
    parts: tuple[Step, ...],
    terms: Terms,
    required: str | None = None,
) -> Line:
    """A line of a kind; an invalid enrolment declines all of them."""
    unmet = enrolment.valid.unmet or unmet
    held_for = () if unmet else held_for
    outcome = "declined" if unmet else "held" if held_for else "payable"
    if outcome != "payable":
        amount = Money.zero(amount.currency)
    program, merchant = terms.edition.program, enrolment.case.state.merchant
    tree = Step(
        f"{kind.replace('_', ' ')} of merchant {merchant}: {outcome}",
        amount,
        required=required,
        observed=", ".join(unmet or held_for) or None,
        clause=terms.clause(OWED_FOR[kind]),
        events=(enrolment.case.enrolment.position,),
        parts=(*enrolment.valid.steps, *parts),
    )
    payee = f"merchant:{merchant}"
    name = f"{program}/{merchant}/{kind}"
    return Line(name, kind, PLATFORM, payee, payee, outcome, amount, unmet, held_for, tree)


def _obligations(enrolment: Enrolment, terms: Terms) -> list[Obligation]:
    """Content promised but not delivered within the term, once that is over."""
    if enrolment.valid.unmet or not terms.ended():
        return []
    name = f"{terms.edition.program}/{enrolment.case.state.merchant}"
    owed_to = f"merchant:{enrolment.case.state.merchant}"
    return [
        obligations.make_up(f"{name}/{content.kind}", owed_to, content, terms)
        for content in enrolment.contents
        if content.short
    ]
