"""Partners' agreements month by month: fees, shares of GMV and of commissions, incentives.

Map: each agreement is worked out from its own facts. Reduce: a creator's commissions of the month
are shared among its agreements. Source: seed 000.
"""

from collections.abc import Iterable

from ledger.programs.contract import Answer, Asked, Reader
from ledger.programs.service_agreement.fees import fee_lines
from ledger.programs.service_agreement.gather import (
    all_names,
    in_force,
    terms_of,
    with_other_shares,
)
from ledger.programs.service_agreement.incentives import incentive_lines
from ledger.programs.service_agreement.parameters import INCENTIVE
from ledger.programs.service_agreement.pools import split_lines

OTHER_SHARE = "other_share:"
"""The what-if in which agreements take another agreement's share; followed by the index of it."""


def settle_v1(reader: Reader, asked: Asked) -> Answer:
    """The lines of a month: of every agreement whose first day in force in it has begun, and of
    every incentive granted in it. A month that has not begun has none.

    With subjects, ids of agreements, or `GRANT/incentive` for a grant, only theirs; a grant comes
    with all other grants of its partner.
    """
    terms = terms_of(reader, asked)
    if terms.as_of < terms.days.window.start:
        return Answer([])
    names, grants = _asked(reader, asked)
    known = list(in_force(reader, names, terms))
    agreements = [agreement for agreement in known if agreement.has_begun(terms.as_of)]
    for what_if in asked.assume:
        if what_if.startswith(OTHER_SHARE):
            which = int(what_if.removeprefix(OTHER_SHARE))
            agreements = with_other_shares(reader, agreements, terms, which)
    others = known if asked.subjects is None else None
    lines = [*fee_lines(reader, agreements, terms), *split_lines(reader, agreements, terms, others)]
    lines += incentive_lines(reader, terms, grants)
    return Answer(sorted(lines))


def _asked(reader: Reader, asked: Asked) -> tuple[Iterable[str], frozenset[str] | None]:
    """The agreements and the grants asked for; None for all grants."""
    if asked.subjects is None:
        return all_names(reader), None
    ending = f"/{INCENTIVE}"
    grants = frozenset(subject for subject in asked.subjects if subject.endswith(ending))
    return asked.subjects - grants, frozenset(grant.removesuffix(ending) for grant in grants)
