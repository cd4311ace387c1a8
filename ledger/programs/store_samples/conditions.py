"""The four conditions of a sample request, each with what it required and observed.

Judged at the request's own instant, after all facts of it. A condition is met, unmet, or pending
(`currency_differs`, `creator_unknown`). Source: seed 003, 2.1; the number of samples: seed 001.
"""

from collections.abc import Iterable

from ledger.aggregates.base import Recorded
from ledger.kernel.decision import Step
from ledger.kernel.instants import local
from ledger.programs.decisions import amounts_of, condition, positions, taken_as_met
from ledger.programs.store_samples.balance import Terms
from ledger.programs.store_samples.gather import Case
from ledger.programs.store_samples.parameters import HELD

CURRENCY, UNKNOWN = HELD


def judge(case: Case, terms: Terms) -> list[Step]:
    """All four conditions, in the order of their codes."""
    steps = [
        _balance_not_negative(case, terms),
        _followers_reached(case, terms),
        _category_fits(case, terms),
        _samples_left(case, terms),
    ]
    return [taken_as_met(step, terms.assume) for step in steps]


def _balance_not_negative(case: Case, terms: Terms) -> Step:
    """The store's balance is zero or more."""
    at, minor = case.at, case.balance.at(case.at)
    foreign = case.balance.foreign_by(at)
    observed = f"balance {terms.text(minor)} at {local(at, terms.edition.zone)}"
    if foreign:
        observed = f"amounts in another currency: {amounts_of(foreign)}"
    step = condition(
        *(terms.edition, "balance_not_negative", minor >= 0, "a balance of zero or more", observed),
        pending=CURRENCY if foreign else None,
    )
    return step._replace(events=positions(foreign) if foreign else case.balance.positions(at))


def _followers_reached(case: Case, terms: Terms) -> Step:
    """The creator has as many followers as the store requires."""
    threshold = case.threshold
    least = threshold.event.followers_min if threshold else None
    if threshold is None or least is None:
        return _not_asked(case, terms, "followers_reached", "the store asks for no followers")
    known = case.creator.at(case.at)
    observed = f"{known.event.followers} followers" if known else _unknown(case, terms)
    return condition(
        *(terms.edition, "followers_reached", known is not None and known.event.followers >= least),
        *(f"{least} followers or more", observed, _some(threshold, known)),
        pending=None if known else UNKNOWN,
    )


def _category_fits(case: Case, terms: Terms) -> Step:
    """One of the categories that the store requires is the creator's."""
    threshold = case.threshold
    asked = threshold.event.categories if threshold else None
    if threshold is None or not asked:
        return _not_asked(case, terms, "category_fits", "the store asks for no category")
    known = case.creator.at(case.at)
    own = (known.event.categories if known else None) or ()
    observed = ", ".join(own) or "the registration names no category"
    return condition(
        *(terms.edition, "category_fits", bool(set(asked) & set(own))),
        f"one of {', '.join(asked)}",
        *(observed if known else _unknown(case, terms), _some(threshold, known)),
        pending=None if own else UNKNOWN,
    )


def _samples_left(case: Case, terms: Terms) -> Step:
    """Fewer samples of the product were approved before than the store ever offered. Only the
    approvals up to that number are listed as facts; all are counted."""
    submission, code = case.submission, "samples_left"
    if submission is None:
        required = "fewer samples approved than were offered"
        observed = f"nobody has submitted product {case.report.event.product}"
        return condition(terms.edition, code, True, required, observed)
    offered, before = submission.event.free_samples, case.approved_before()
    facts = [fact for approved in before[:offered] for fact in (approved.approval, approved.report)]
    return condition(
        *(terms.edition, code, len(before) < offered),
        f"fewer than {offered} samples of the product approved before",
        f"{len(before)} approved",
        [submission, *facts],
    )


def _not_asked(case: Case, terms: Terms, code: str, observed: str) -> Step:
    """A condition that the store does not require is met."""
    facts = _some(case.threshold)
    return condition(terms.edition, code, True, "what the store asks for", observed, facts)


def _unknown(case: Case, terms: Terms) -> str:
    at = local(case.at, terms.edition.zone)
    return f"creator {case.creator.creator} is not registered by {at}"


def _some(*facts: Recorded | None) -> Iterable[Recorded]:
    return [fact for fact in facts if fact is not None]
