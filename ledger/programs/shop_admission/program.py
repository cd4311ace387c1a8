"""The admission of shops as a program."""

from collections.abc import Iterator

from ledger.aggregates.application import ShopApplied
from ledger.kernel.period import in_days
from ledger.programs.contract import Asked, Reader
from ledger.programs.edition import Edition
from ledger.programs.periods import MONTH_OR_ALL, month_or_all
from ledger.programs.program import Judging, Program, covers, of_no_store
from ledger.programs.shop_admission.parameters import checked
from ledger.programs.shop_admission.rules import judge_applications, settle_v1
from ledger.programs.shop_admission.variants import of


def _not_made(edition: Edition, period: str | None) -> str:
    days = month_or_all(edition, period)
    return f"no merchant made it {in_days(days)}"


def _made(reader: Reader, asked: Asked) -> Iterator[tuple[str, str]]:
    """Each application by itself."""
    window = month_or_all(asked.edition, asked.period).window
    return ((name, name) for name, _ in reader.names("shop-applies", *window))


PROGRAM = Program(
    versions={1: settle_v1},
    checked=checked,
    accounts={},
    subject="application",
    dealt=_made,
    absent=_not_made,
    periods=MONTH_OR_ALL,
    subjects_of_store=of_no_store,
    scope=covers("all applications"),
    variants=of,
    judges=(Judging((ShopApplied,), judge_applications, "shop-applies"),),
)
