"""Samples and the balances of stores as a program."""

from collections.abc import Iterator

from ledger.aggregates.sample import APPROVALS, REQUEST, SampleApproved
from ledger.aggregates.store_balance import (
    BALANCE,
    BalancePaid,
    PayoutMade,
    ProceedsSettled,
    SampleFreightAdvanced,
)
from ledger.kernel.instants import EARLIEST
from ledger.kernel.period import in_days
from ledger.programs.contract import Asked, Reader
from ledger.programs.edition import Edition
from ledger.programs.periods import MONTH_OR_ALL, month_or_all
from ledger.programs.program import Judging, Posts, Program, covers, of_no_store
from ledger.programs.store_samples.exceptions import (
    judge_approvals,
    judge_balances,
    requests_touched,
)
from ledger.programs.store_samples.parameters import checked
from ledger.programs.store_samples.pot import POT
from ledger.programs.store_samples.rules import months_of_balances, settle_v1
from ledger.programs.store_samples.subjects import FREIGHT, split
from ledger.programs.store_samples.variants import of


def _nothing_happened(edition: Edition, period: str | None) -> str:
    days = month_or_all(edition, period)
    return f"nothing was advanced or requested {in_days(days)}"


def _of_month(reader: Reader, asked: Asked) -> Iterator[tuple[str, str]]:
    """The freight of each store, and each request, by itself."""
    days = month_or_all(asked.edition, asked.period)
    for store, _ in reader.names(BALANCE, EARLIEST, reader.clocks.as_of + 1):
        yield f"{store}{FREIGHT}", store
    for request, _ in reader.names(REQUEST.listed, *days.window):
        yield request, request


PROGRAM = Program(
    versions={1: settle_v1},
    checked=checked,
    accounts={"freight": Posts("own", "FreightAdvanced", "Assets")},
    subject="store or request",
    dealt=_of_month,
    absent=_nothing_happened,
    periods=MONTH_OR_ALL,
    subject_of=split,
    # A store's lines are found by their payer; a request of another store may have the store's id.
    subjects_of_store=of_no_store,
    scope=covers("all samples"),
    variants=of,
    pot=POT,
    obliges=months_of_balances,
    judges=(
        Judging(
            facts=(ProceedsSettled, BalancePaid, SampleFreightAdvanced, PayoutMade),
            judge=judge_balances,
            listed=BALANCE,
        ),
        Judging(
            facts=(SampleApproved,),
            judge=judge_approvals,
            listed=APPROVALS,
            touches=requests_touched,
        ),
    ),
)
