"""The deposits of stores as a program."""

from collections.abc import Iterator

from ledger.aggregates.deposit import (
    DEPOSIT,
    DepositCompensated,
    DepositDeducted,
    DepositPaid,
    DepositRequired,
    DepositReturned,
)
from ledger.programs.contract import Asked, Reader
from ledger.programs.periods import BY_MONTH, month_and_first
from ledger.programs.program import Judging, Posts, Program, covers, income
from ledger.programs.store_deposit.charts import charts
from ledger.programs.store_deposit.exceptions import judge_deposits
from ledger.programs.store_deposit.parameters import checked
from ledger.programs.store_deposit.pot import POT
from ledger.programs.store_deposit.rules import (
    months_of_deposits,
    settle_v1,
    stores_with_deposit,
)
from ledger.programs.store_deposit.variants import of


def _with_deposit(reader: Reader, asked: Asked) -> Iterator[tuple[str, str]]:
    """Each store by itself."""
    return ((store, store) for store in stores_with_deposit(reader, reader.clocks.as_of))


PROGRAM = Program(
    versions={1: settle_v1},
    charts=charts,
    charts_of_line=lambda line: charts([line]),
    checked=checked,
    accounts={
        "compensation": Posts("own", "BuyerCompensation", "Liabilities"),
        "deduction": income("DepositDeductions"),
        "return": Posts("own", "Deposit", "Liabilities"),
    },
    subject="store",
    dealt=_with_deposit,
    absent=lambda edition, period: "nobody has reported a deposit or categories of it by then",
    periods=BY_MONTH,
    subject_of=month_and_first,
    scope=covers("all deposits"),
    variants=of,
    keyed={"requirements": ("category",)},
    pot=POT,
    obliges=months_of_deposits,
    judges=(
        Judging(
            facts=(
                *(DepositRequired, DepositPaid),
                *(DepositCompensated, DepositDeducted, DepositReturned),
            ),
            judge=judge_deposits,
            listed=DEPOSIT,
        ),
    ),
)
