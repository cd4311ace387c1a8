"""The recruiting incentive as a program."""

from collections.abc import Iterator
from datetime import timedelta

from ledger.kernel.instants import Instant, midnight
from ledger.programs.contract import Asked, OfOrders, Reader
from ledger.programs.edition import Edition
from ledger.programs.periods import WHOLE_TERM
from ledger.programs.program import Figures, Program, expense
from ledger.programs.recruiting.charts import charts, of_line
from ledger.programs.recruiting.figures import COLUMNS, figures
from ledger.programs.recruiting.parameters import CAME_LATER, checked, parameters_of
from ledger.programs.recruiting.rules import settle_v1
from ledger.programs.recruiting.variants import of


def _last_first_sale(edition: Edition, period: str | None) -> Instant:
    """The end of the latest possible last day for a first sale."""
    parameters = parameters_of(edition)
    resting = set(parameters.rest_days or ()) if parameters.roll_over else set()
    last = edition.days.last + timedelta(days=parameters.first_sale_within_days)
    while last in resting:
        last += timedelta(days=1)
    return midnight(last + timedelta(days=1), edition.zone)


def _by_partner(reader: Reader, asked: Asked) -> Iterator[tuple[str, str]]:
    """Each store by the partner that introduced it."""
    for partner, stream in reader.names("partner", *asked.edition.window):
        yield stream.partition(":")[2], partner


def _of_orders(edition: Edition) -> frozenset[OfOrders]:
    placed = parameters_of(edition).gmv_basis == "placed"
    return frozenset({OfOrders.FIRST, OfOrders.GMV} if placed else {OfOrders.FIRST})


PROGRAM = Program(
    versions={1: settle_v1},
    charts=charts,
    charts_of_line=of_line,
    checked=checked,
    accounts={"incentive": expense("Incentive")},
    subject="store",
    dealt=_by_partner,
    absent=lambda edition, period: "no partner introduced it within the term",
    periods=WHOLE_TERM._replace(settles_until=_last_first_sale),
    scope=lambda edition: parameters_of(edition).markets,
    variants=of,
    came_later=CAME_LATER,
    asks_of_orders=_of_orders,
    figures={"partners": Figures(COLUMNS, figures)},
)
