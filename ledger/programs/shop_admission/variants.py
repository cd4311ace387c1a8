"""How the platform may have decided a merchant's application for a shop differently."""

from collections.abc import Iterator

from ledger.programs import variants
from ledger.programs.edition import Edition
from ledger.programs.shop_admission.parameters import CODES
from ledger.programs.variants import Variant

READINGS: dict[str, tuple[list[str], ...]] = {
    "licensed_kinds": (["enterprise", "individual_business", "citizen"],)
}


def of(edition: Edition) -> Iterator[Variant]:
    """Each condition taken as met, days in UTC, the day before or after, who needs a licence."""
    yield from variants.conditions(edition, CODES)
    yield from variants.in_utc(edition)
    yield from variants.another_day(edition)
    yield from variants.other_readings(edition, READINGS)
