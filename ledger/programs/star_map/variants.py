"""How the platform may have calculated a task's fee differently, in the contract's order."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ledger.aggregates.live_task import LINKS
from ledger.programs import variants
from ledger.programs.edition import Edition
from ledger.programs.star_map.parameters import Charge, parameters_of, share_text
from ledger.programs.variants import Variant, with_terms


def of(edition: Edition) -> Iterator[Variant]:
    """Another rate, base or row of the schedule, rows a day later or earlier, days in UTC, another
    rounding."""
    schedule = parameters_of(edition).schedule
    for rate in sorted({row.rate for row in schedule}):
        changed = with_terms(edition, schedule=[_changed(row, rate=rate) for row in schedule])
        yield Variant("rate", f"{share_text(rate)} of the same base", changed)
    for base in sorted({row.base for row in schedule}):
        changed = with_terms(edition, schedule=[_changed(row, base=base) for row in schedule])
        yield Variant("base", f"the same share of {base}", changed)
    for base, rate in sorted({(row.base, row.rate) for row in schedule}):
        row = {"from": edition.first.isoformat(), "base": base, "rate": rate}
        detail = f"{share_text(rate)} of {base}"
        changed = with_terms(edition, schedule=[{**row, "link": link} for link in LINKS])
        yield Variant("schedule_row", detail, changed)
    for days, word in ((1, "later"), (-1, "earlier")):
        by = timedelta(days=days)
        shifted = [_changed(row, **{"from": (row.first + by).isoformat()}) for row in schedule]
        changed = with_terms(edition, schedule=shifted)
        yield Variant("schedule_from", f"rows a day {word}", changed)
    yield from variants.windows(edition)
    yield from variants.roundings(edition)


def _changed(row: Charge, **changed: str) -> dict[str, Any]:
    return {**row.model_dump(mode="json", by_alias=True, exclude_none=True), **changed}
