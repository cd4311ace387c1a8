"""How an agreement's line may have been calculated differently, in the contract's order."""

from collections.abc import Iterator

from ledger.programs import variants
from ledger.programs.edition import Edition
from ledger.programs.service_agreement.parameters import CODES
from ledger.programs.service_agreement.pools import HALF_UP
from ledger.programs.service_agreement.rules import OTHER_SHARE
from ledger.programs.variants import Variant

READINGS = {
    "gmv_basis": ("settled", "placed"),
    "proration": ("none", "days"),
    "end_day": ("inside", "outside"),
    "negative_months": ("zero", "claw_back"),
    "needs_certified": (False, True),
}
OTHER_SHARES = 3
"""How many other shares of a partner or a creator are tried, smallest first."""


def of(edition: Edition) -> Iterator[Variant]:
    """A condition met, another agreement's share, a day longer or shorter at either end, days in
    UTC, refunds ignored, each part rounded by itself, another rounding, another reading."""
    yield from variants.conditions(edition, CODES)
    for which in range(OTHER_SHARES):
        detail = (
            f"another agreement's of the partner or the creator, from the smallest no. {which + 1}"
        )
        yield Variant("share", detail, edition, frozenset({f"{OTHER_SHARE}{which}"}))
    for end, longer, shorter in (("first", "-1", "+1"), ("last", "+1", "-1")):
        for by, word in ((longer, "longer"), (shorter, "shorter")):
            detail = f"a day {word} at its {end} day"
            yield Variant("days_in_force", detail, edition, frozenset({f"{end}{by}"}))
    yield from variants.in_utc(edition)
    yield from variants.refunds(edition)
    detail = "each part rounded half up instead of by largest remainder"
    yield Variant("rounding", detail, edition, frozenset({HALF_UP}))
    yield from variants.roundings(edition)
    yield from variants.other_readings(edition, READINGS)
