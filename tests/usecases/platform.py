"""The platform's side in tests: what it charged for each order, as its file says it."""

import csv
from pathlib import Path
from typing import Any

from ledger.intake.platform.canonical import read
from ledger.kernel.clocks import Clocks
from ledger.usecases.reconciling.comparison import Reconciliation
from ledger.usecases.reconciling.platform_file import reconcile_file
from ledger.usecases.reconciling.reconcile import reconcile
from ledger.usecases.settling.explain import explain
from tests.fees import AFTER_MAY, MAY, PROGRAM, Fees, Row

HEADER = ("order_id", "store", "amount", "currency")
AFTER_JUNE = AFTER_MAY + 60 * 86_400_000_000


def charged(order_id: str, amount: str, store: str = "S-1", currency: str = "CNY") -> Row:
    """A row of the platform's file."""
    return {"order_id": order_id, "store": store, "amount": amount, "currency": currency}


def ours(fees: Fees, period: str = MAY) -> list[Row]:
    """What a platform that agrees with us would say, by store and order."""
    rows = []
    for store in sorted(fees.amounts(period, AFTER_JUNE)):
        for one in explained(fees, store, period)["orders"]:
            rows.append(charged(one["order_id"], one["fee"] or "0.00", store))
    return rows


def explained(fees: Fees, store: str, period: str = MAY) -> dict[str, Any]:
    """The explanation of a line, order by order."""
    with fees.book.reading() as connection:
        clocks = Clocks(AFTER_JUNE, fees.book.head().position)
        return explain(connection, f"{PROGRAM}/{period}/{store}", clocks, orders=True)[1]


def said(fees: Fees, rows: list[Row]) -> str:
    """The platform's file."""
    path = fees.folder / "platform.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def compared(
    fees: Fees, rows: list[Row] | str | Path, period: str = MAY, **options: Any
) -> Reconciliation:
    """The comparison with rows, or with a file."""
    path = said(fees, rows) if isinstance(rows, list) else str(rows)
    with fees.book.reading() as connection:
        clocks = Clocks(AFTER_JUNE, fees.book.head().position)
        return reconcile_file(connection, PROGRAM, period, path, clocks, **options)


def compared_by_store(fees: Fees, text: str) -> Reconciliation:
    """The comparison of May with a file by store, given as its rows."""
    path = fees.folder / "by-store.csv"
    path.write_text(f"store,amount,currency\n{text}", encoding="utf-8")
    with fees.book.reading() as connection:
        clocks = Clocks(AFTER_JUNE, fees.book.head().position)
        return reconcile(connection, PROGRAM, MAY, read(str(path)), clocks)


def breaks(found: Reconciliation, *, full: bool = False) -> list[tuple[Any, ...]]:
    """Kind, order, ours, theirs, difference of each break."""
    return [
        (one["kind"], one["order_id"], one["ours"], one["theirs"], one["difference"])
        for one in found.as_json(full=full)["breaks"]
    ]


def likely(found: Reconciliation) -> list[tuple[str, str]]:
    """The causes of the only break."""
    (one,) = found.breaks
    return [(cause.because, cause.detail) for cause in one.likely]
