"""The growth service as a program."""

from ledger.programs.contract import OfOrders, Reader
from ledger.programs.edition import Edition
from ledger.programs.growth.parameters import checked, parameters_of
from ledger.programs.growth.rules import settle_v1
from ledger.programs.growth.variants import of
from ledger.programs.program import Program, expense, income, once


def _merchants_with(reader: Reader, edition: Edition, store: str) -> list[str]:
    """The merchants that take part with the store."""
    prefix = f"enrolment:{edition.program}/"
    streams = reader.named("enrols", [store]).get(store, [])
    return [one.removeprefix(prefix) for one in streams if one.startswith(prefix)]


def _merchant(rest: str) -> tuple[str | None, str]:
    """A line is named by merchant and kind: `PROGRAM/MERCHANT/KIND`."""
    return None, rest.rpartition("/")[0] or rest


def _gmv_as_placed(edition: Edition) -> frozenset[OfOrders]:
    placed = parameters_of(edition).gmv_basis == "placed"
    return frozenset({OfOrders.GMV}) if placed else frozenset()


PROGRAM = Program(
    versions={1: settle_v1},
    checked=checked,
    accounts={
        "fixed_fee": income("FixedFee"),
        "commission": income("Commission"),
        "compensation": expense("Compensation"),
    },
    subject="merchant",
    absent=lambda edition, period: "it never enrolled",
    subject_of=_merchant,
    subjects_of_store=_merchants_with,
    variants=of,
    obliges=once,
    asks_of_orders=_gmv_as_placed,
)
