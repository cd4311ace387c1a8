"""The admission of shops as a program."""

from ledger.aggregates.application import ShopApplied
from ledger.kernel.period import in_days
from ledger.programs.edition import Edition
from ledger.programs.periods import MONTH_OR_ALL, month_or_all
from ledger.programs.program import Judging, Program, covers, of_no_store
from ledger.programs.shop_admission.parameters import checked
from ledger.programs.shop_admission.rules import judge_applications, settle_v1
from ledger.programs.shop_admission.variants import of


def _not_made(edition: Edition, period: str | None) -> str:
    days = month_or_all(edition, period)
    return f"no merchant made it {in_days(days)}"


PROGRAM = Program(
    versions={1: settle_v1},
    checked=checked,
    accounts={},
    subject="application",
    absent=_not_made,
    periods=MONTH_OR_ALL,
    subjects_of_store=of_no_store,
    scope=covers("all applications"),
    variants=of,
    judges=(Judging((ShopApplied,), judge_applications, "shop-applies"),),
)
