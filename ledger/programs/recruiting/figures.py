"""A partner's results: figures on which the platform may base the end of a cooperation.

Termination is the platform's own act; the rules name no numbers for it. Source: seed 002.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from ledger.aggregates.merchant import MerchantTargeted
from ledger.programs.contract import Asked, Reader
from ledger.programs.edition import Edition
from ledger.programs.recruiting.conditions import high_risk
from ledger.programs.recruiting.gather import Case, cases
from ledger.programs.recruiting.rules import settle_v1, terms_of

COLUMNS = ("stores", "payable", "declined", "held", "high_risk", "untargeted_by_link")


def figures(
    reader: Reader, edition: Edition, partners: Collection[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """By partner, how many stores it introduced within the term, how many of their lines are
    payable, declined and held, how many of the stores count as high-risk, and how many were
    opened through an exclusive link for merchants that were never targeted."""
    names = {
        stream.removeprefix("store:")
        for streams in reader.named("partner", partners, edition.window).values()
        for stream in streams
    }
    if not names:
        return
    asked = Asked(edition, subjects=frozenset(names))
    outcomes = {line.subject: line.outcome for line in settle_v1(reader, asked).lines}
    terms = terms_of(reader, asked)
    counters: dict[str, Counter[str]] = {}
    for case in cases(reader, edition, names):
        own = counters.setdefault(case.partner.partner, Counter(dict.fromkeys(COLUMNS, 0)))
        own["stores"] += 1
        own[outcomes[f"store:{case.store.store}"]] += 1
        own["high_risk"] += high_risk(case.store, terms) is not None
        own["untargeted_by_link"] += _by_link_alone(case, edition)
    for partner, counts in counters.items():
        yield partner, dict(counts)


def _by_link_alone(case: Case, edition: Edition) -> bool:
    """Opened through an exclusive link for a merchant that was never targeted."""
    targeted = any(
        isinstance(fact.event, MerchantTargeted) and fact.event.program == edition.program
        for fact in case.merchant.targeting
    )
    return case.onboarding.event.via == "exclusive_link" and not targeted
