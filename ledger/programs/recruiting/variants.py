"""How the platform may have calculated a recruiting line differently, in the contract's order."""

from collections.abc import Iterator

from ledger.programs import variants
from ledger.programs.edition import Edition
from ledger.programs.recruiting.parameters import CODES, parameters_of
from ledger.programs.variants import Variant, with_terms

READINGS = {
    "gmv_window": ("first_sale_window", "term"),
    "gmv_basis": ("settled", "placed"),
    "stock_test": ("at_once", "each"),
    "store_open_test": ("at_term_end", "throughout", "at_as_of"),
    "first_scope": ("ever", "term"),
    "high_risk_when": ("at_term_end", "at_as_of"),
    "high_risk_cured_by_reopening": (True, False),
    "targeted_when": ("as_of", "onboarding"),
    "rate_day": ("order", "settlement"),
    "verified_after_term": (True, False),
    "later_termination_forfeits": (False, True),
    "governance_scope": ("recruiting", "operations_support"),
    "high_risk_scope": ("introduced_in_term", "introduced_ever"),
}


def of(edition: Edition) -> Iterator[Variant]:
    """A condition met, another ratio, another window, refunds ignored, another rounding,
    another reading."""
    yield from variants.conditions(edition, CODES)
    parameters = parameters_of(edition)
    ratios = {row.ratio for row in parameters.governance_ratios or ()} | {"1"}
    for ratio in sorted(ratios, reverse=True):
        taken = frozenset({f"ratio:{ratio}"})
        yield Variant("governance_ratio", f"ratio {ratio}", edition, taken)
    days = parameters.first_sale_within_days
    for other, word in ((days + 1, "longer"), (days - 1, "shorter")):
        if other >= 0:
            changed = with_terms(edition, first_sale_within_days=other)
            yield Variant("first_sale_window", f"a day {word}: {other} days", changed)
    yield from variants.windows(edition)
    yield from variants.refunds(edition)
    yield from variants.roundings(edition)
    yield from variants.other_readings(edition, READINGS)
    for asked_in in ("all", *((market,) for market in parameters.markets)):
        if asked_in != parameters.stock_asked_in:
            asked = asked_in if asked_in == "all" else ", ".join(asked_in)
            changed = with_terms(edition, stock_asked_in=asked_in if asked == "all" else [asked])
            yield Variant("stock_asked_in", f"{asked} in place of the edition's", changed)
