"""Toys: the rent is handed on from store to creator, and a permit is granted for cheap ones."""

from ledger.aggregates.toy_rental import ToyReturned, ToyState

from ledger.aggregates.judge import Surprise
from ledger.kernel.decision import Step
from ledger.kernel.instants import day_of
from ledger.kernel.money import Money
from ledger.programs.contract import Answer
from ledger.programs.line import PLATFORM, Line
from ledger.programs.periods import BY_MONTH, month, month_and_subject
from ledger.programs.program import Judging, Program, agency
from ledger.programs.variants import Variant, with_terms


def _lines(state, asked, more):
    event = state.rental.event
    rent = Money.parse(event.price, event.currency).plus(Money(more, event.currency))
    cheap = rent.minor <= int(asked.edition.terms["cheap_minor"]) or "too_dear" in asked.assume
    name, why = f"{asked.edition.program}/{asked.period}/{state.toy}", (state.rental.position,)
    step = Step("rent", rent, events=why)
    outcome, unmet = ("granted", ()) if cheap else ("declined", ("too_dear",))
    about = f"toy:{state.toy}"
    payer, payee = f"store:{event.store}", f"creator:{event.creator}"
    yield Line(f"{name}/rent", "rent", payer, payee, about, "payable", rent, (), (), step)
    permit = Step("cheap enough", met=cheap, code="too_dear", events=why)
    yield Line(f"{name}/permit", "permit", PLATFORM, payer, about, outcome, None, unmet, (), permit)


def _settle(reader, asked, more):
    window = month(asked.edition, asked.period).window
    toys = asked.subjects or {name for name, _ in reader.names("toy", *window)}
    states = reader.states("toy", toys, ToyState).values()
    rented = [one for one in states if one.rental and one.rental.at in window]
    return Answer(sorted(line for one in rented for line in _lines(one, asked, more)))


def settle_v1(reader, asked):
    return _settle(reader, asked, 0)


def settle_v2(reader, asked):
    return _settle(reader, asked, 100)


def late(reader, edition, returned):
    states = reader.states("toy", {one.event.toy for one in returned}, ToyState)
    for one in returned:
        rental = states[one.event.toy].rental
        days = (
            (day_of(one.at, edition.zone) - day_of(rental.at, edition.zone)).days if rental else 0
        )
        if days > int(edition.terms["days"]):
            sentence = f"toy {one.event.toy} came back after {days} days."
            yield (
                one,
                Surprise("returned_late", sentence, "Remind them.", one.event.toy, edition.program),
            )


def _subject(rest):
    period, toy = month_and_subject(rest)
    return period, toy.partition("/")[0]


def variants(edition):
    yield Variant("too_dear", "taken as met", edition, frozenset({"too_dear"}))
    yield Variant("cheap_minor", "a million instead", with_terms(edition, cheap_minor="1000000"))


PROGRAM = Program(
    versions={1: settle_v1, 2: settle_v2},
    checked=lambda edition, newest: edition.model_copy(
        update={"rules_version": edition.rules_version or newest}
    ),
    accounts={"rent": agency("Rent")},
    subject="toy",
    absent=lambda edition, period: "nobody rented it then",
    periods=BY_MONTH,
    subject_of=_subject,
    variants=variants,
    judges=(Judging((ToyReturned,), late, "toy-return"),),
)
