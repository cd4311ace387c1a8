"""How the platform may have treated freight or a sample differently, in the contract's order."""

from collections.abc import Iterator

from ledger.programs import variants
from ledger.programs.edition import Edition
from ledger.programs.months import EDGES
from ledger.programs.store_samples.parameters import CODES
from ledger.programs.variants import Variant

THRESHOLDS = frozenset({"followers_reached", "category_fits"})


def of(edition: Edition) -> Iterator[Variant]:
    """A condition taken as met, both thresholds of the store together, the month a day longer or
    shorter, days in UTC."""
    yield from variants.conditions(edition, CODES)
    yield Variant("thresholds", "taken as met", edition, THRESHOLDS)
    for what_if, (detail, _, _) in EDGES.items():
        yield Variant("month", detail, edition, frozenset({what_if}))
    yield from variants.in_utc(edition)
