"""The deposits of stores as a program."""

from ledger.aggregates.deposit import (
    DEPOSIT,
    DepositCompensated,
    DepositDeducted,
    DepositPaid,
    DepositRequired,
    DepositReturned,
)
from ledger.programs.periods import BY_MONTH, MONTH
from ledger.programs.program import Judging, Posts, Program, covers, income
from ledger.programs.store_deposit.exceptions import judge_deposits
from ledger.programs.store_deposit.parameters import checked
from ledger.programs.store_deposit.pot import POT
from ledger.programs.store_deposit.rules import months_of_deposits, settle_v1
from ledger.programs.store_deposit.variants import of


def month_and_store(rest: str) -> tuple[str | None, str]:
    """Month and store of a line that is named `PROGRAM/2020-05/STORE/KIND`, or of less of it."""
    first, slash, others = rest.partition("/")
    if slash and MONTH.fullmatch(first):
        return first, others.partition("/")[0]
    return None, first


PROGRAM = Program(
    versions={1: settle_v1},
    checked=checked,
    accounts={
        "compensation": Posts("own", "BuyerCompensation", "Liabilities"),
        "deduction": income("DepositDeductions"),
        "return": Posts("own", "Deposit", "Liabilities"),
    },
    subject="store",
    absent=lambda edition, period: "nobody has reported a deposit or categories of it by then",
    periods=BY_MONTH,
    subject_of=month_and_store,
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
