"""Brings together the facts that the lines of each enrolment are based on."""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from ledger.aggregates.base import Recorded
from ledger.aggregates.enrolment_state import EnrolmentState
from ledger.aggregates.store_state import StoreState
from ledger.programs.contract import Reader, in_chunks
from ledger.programs.edition import Edition
from ledger.programs.growth.parameters import parameters_of

AFTER_SLASH = "0"
"""The character after `/`: upper bound of all names that begin with a program and a slash."""


class Case(NamedTuple):
    """One merchant's enrolment that counts, with the store that it takes part with."""

    state: EnrolmentState
    enrolment: Recorded
    store: StoreState


def cases(
    reader: Reader, edition: Edition, merchants: Collection[str] | None = None
) -> Iterator[Case]:
    """The case of every merchant that enrolled in the edition, or of the given ones."""
    if merchants is None:
        merchants = enrolled_merchants(reader, edition)
    names = {f"{edition.program}/{merchant}" for merchant in merchants}
    for chunk in in_chunks(names):
        yield from _cases_of(reader, edition, chunk)


def enrolled_merchants(reader: Reader, edition: Edition) -> set[str]:
    """Every merchant that enrolled in the edition."""
    prefix = f"{edition.program}/"
    entries = reader.under("enrolled", prefix, f"{edition.program}{AFTER_SLASH}")
    return {name.removeprefix(prefix) for name, _position in entries}


def _cases_of(reader: Reader, edition: Edition, names: Iterable[str]) -> Iterator[Case]:
    """The cases of these enrolments, without merchants that never enrolled."""
    states = reader.states("enrolment", names, EnrolmentState)
    counted = {
        name: (state, enrolment)
        for name, state in states.items()
        if (enrolment := state.enrolment) is not None
    }
    shops = {enrolment.event.store for _, enrolment in counted.values()}
    stores = reader.sales_since(shops, edition.first, StoreState)
    parameters = parameters_of(edition)
    if parameters.gmv_basis == "placed":
        deduct = parameters.gmv_refunds == "deduct"
        for sales in reader.sales_of_orders(shops, edition.days, deduct=deduct):
            stores[sales.event.store].apply(sales)
    for state, enrolment in counted.values():
        yield Case(state, enrolment, stores[enrolment.event.store])
