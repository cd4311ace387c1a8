"""How the platform may have calculated a growth line differently, in the contract's order."""

from collections.abc import Iterator

from ledger.programs import variants
from ledger.programs.edition import Edition
from ledger.programs.growth.parameters import CODES, parameters_of
from ledger.programs.variants import Variant, with_terms

READINGS = {
    "roas_cost": ("fixed_and_commission", "fixed"),
    "gmv_basis": ("placed", "settled"),
    "counts_when": ("delivered", "approved"),
    "compensation_waits_for_fee": (True, False),
    "invited_when": ("as_of", "enrolment"),
}


def of(edition: Edition) -> Iterator[Variant]:
    """A condition met, another tier, another window, refunds ignored, another rounding,
    another reading."""
    yield from variants.conditions(edition, CODES)
    tiers = parameters_of(edition).tiers
    for name in tiers:
        yield Variant("tier", f"{name} taken as missed", edition, frozenset({f"missed:{name}"}))
        others = {key: share for key, share in tiers.items() if key != name}
        yield Variant("tier", f"without {name}", with_terms(edition, tiers=others))
    yield from variants.windows(edition)
    yield Variant(
        "refund_ignored", "refunds are not deducted", with_terms(edition, gmv_refunds="ignore")
    )
    yield from variants.roundings(edition)
    yield from variants.other_readings(edition, READINGS)
    if edition.terms.get("creator_tiers"):
        yield Variant(
            "creator_tiers",
            "videos of creators of any tier count",
            with_terms(edition, creator_tiers=None),
        )
