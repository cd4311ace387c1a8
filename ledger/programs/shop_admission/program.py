"""The admission of shops as a program."""

from ledger.aggregates.application import ShopApplied
from ledger.programs.contract import Reader
from ledger.programs.edition import Edition
from ledger.programs.periods import month_end, month_or_all
from ledger.programs.program import Judging, Program
from ledger.programs.shop_admission.parameters import checked
from ledger.programs.shop_admission.rules import judge_applications, settle_v1
from ledger.programs.shop_admission.variants import of


def _not_made(edition: Edition, period: str | None) -> str:
    days = month_or_all(edition, period)
    return f"no merchant made it on {days.first} to {days.last or 'open end'}"


def _all_applications(edition: Edition) -> tuple[str, ...]:
    """Applications name no program: two editions of one day would both decide them."""
    return ("all applications",)


def _of_no_store(reader: Reader, edition: Edition, store: str) -> list[str]:
    """An application comes before the store and does not name it."""
    return []


PROGRAM = Program(
    versions={1: settle_v1},
    checked=checked,
    accounts={},
    subject="application",
    absent=_not_made,
    days_of=month_or_all,
    settles_until=month_end,
    subjects_of_store=_of_no_store,
    scope=_all_applications,
    variants=of,
    judges=(Judging((ShopApplied,), judge_applications, "shop-applies"),),
)
