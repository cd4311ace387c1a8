"""Toys: the rent is handed on from store to creator, and a permit is granted for cheap ones."""

from collections.abc import Iterator, Sequence

from ledger.aggregates.toy_rental import ToyReturned, ToyState

from ledger.aggregates.base import Recorded
from ledger.aggregates.judge import Surprise
from ledger.kernel.decision import Step
from ledger.kernel.instants import day_of
from ledger.kernel.money import Money
from ledger.programs.contract import Answer, Asked, Reader
from ledger.programs.edition import Edition
from ledger.programs.line import PLATFORM, Line
from ledger.programs.periods import BY_MONTH, month, month_and_subject
from ledger.programs.program import Judging, Program, agency
from ledger.programs.variants import Variant, with_terms


def _lines(toy: ToyState, asked: Asked, extra: int) -> Iterator[Line]:
    """The rent, due from store to creator, and the platform's decision about the permit."""
    rental = toy.rental.event
    rent = Money.parse(rental.price, rental.currency).plus(Money(extra, rental.currency))
    line = f"{asked.edition.program}/{asked.period}/{toy.name}"
    store, creator, about = f"store:{rental.store}", f"creator:{rental.creator}", f"toy:{toy.name}"
    facts = (toy.rental.position,)
    step = Step("rent", rent, observed=f"rented for {rent.text} {rent.currency}", events=facts)
    yield Line(f"{line}/rent", "rent", store, creator, about, "payable", rent, (), (), step)

    highest = int(asked.edition.terms["cheap_minor"])
    cheap = rent.minor <= highest or "too_dear" in asked.assume
    outcome, unmet = ("granted", ()) if cheap else ("declined", ("too_dear",))
    step = Step("cheap enough", met=cheap, code="too_dear", events=facts)
    yield Line(f"{line}/permit", "permit", PLATFORM, store, about, outcome, None, unmet, (), step)


def _settle(reader: Reader, asked: Asked, extra: int) -> Answer:
    """The lines of the toys that were rented in the month."""
    window = month(asked.edition, asked.period).window
    names = asked.subjects or {name for name, _ in reader.names("toy", *window)}
    toys = reader.states("toy", names, ToyState).values()
    rented = [toy for toy in toys if toy.rental and toy.rental.at in window]
    return Answer(sorted(line for toy in rented for line in _lines(toy, asked, extra)))


def settle_v1(reader: Reader, asked: Asked) -> Answer:
    """The rent as agreed."""
    return _settle(reader, asked, 0)


def settle_v2(reader: Reader, asked: Asked) -> Answer:
    """With one unit of the currency added to each rent."""
    return _settle(reader, asked, 100)


def late(
    reader: Reader, edition: Edition, returned: Sequence[Recorded]
) -> Iterator[tuple[Recorded, Surprise]]:
    """Toys that came back later than the terms allow, in days of the edition's zone."""
    toys = reader.states("toy", {fact.event.toy for fact in returned}, ToyState)
    for fact in returned:
        toy = toys[fact.event.toy]
        if toy.rental is None:
            continue
        first, last = (day_of(at, edition.zone) for at in (toy.rental.at, fact.at))
        days = (last - first).days
        if days > int(edition.terms["days"]):
            sentence = f"toy {toy.name} came back after {days} days."
            hint = "Remind the store."
            yield fact, Surprise("returned_late", sentence, hint, toy.name, edition.program)


def _subject(rest: str) -> tuple[str | None, str]:
    """Month and toy of a line's id, which is given without its program."""
    period, toy = month_and_subject(rest)
    return period, toy.partition("/")[0]


def variants(edition: Edition) -> Iterator[Variant]:
    """What the platform may have done otherwise: waive the condition, or take another limit."""
    yield Variant("too_dear", "taken as met", edition, frozenset({"too_dear"}))
    yield Variant("cheap_minor", "a million instead", with_terms(edition, cheap_minor="1000000"))


def _checked(edition: Edition, newest: int) -> Edition:
    """The edition as it is published: it names the version of the rule."""
    return edition.model_copy(update={"rules_version": edition.rules_version or newest})


PROGRAM = Program(
    versions={1: settle_v1, 2: settle_v2},
    checked=_checked,
    accounts={"rent": agency("Rent")},
    subject="toy",
    absent=lambda edition, period: "nobody rented it then",
    periods=BY_MONTH,
    subject_of=_subject,
    variants=variants,
    judges=(Judging((ToyReturned,), late, "toy-return"),),
)
