"""How the platform may have decided a partner's application differently."""

from collections.abc import Iterator

from ledger.programs import variants
from ledger.programs.edition import Edition
from ledger.programs.partner_admission.parameters import CODES
from ledger.programs.variants import Variant

READINGS = {
    "risk_when": ("application", "as_of"),
    "other_regions": ("held", "declined"),
    "termination_bars": (False, True),
}


def of(edition: Edition) -> Iterator[Variant]:
    """Each condition taken as met, days in UTC, the day before or after, other readings."""
    yield from variants.conditions(edition, CODES)
    yield from variants.in_utc(edition)
    yield from variants.another_day(edition)
    yield from variants.other_readings(edition, READINGS)
