"""Facts as they were sent, for another book."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.base import Fact
from ledger.aggregates.book import FactWithdrawn
from ledger.aggregates.orders import SOURCE
from ledger.kernel.clocks import Clocks
from ledger.store.log import read_log
from ledger.usecases.looking.show import lifts
from ledger.usecases.recording.sent_fields import as_told


def exported_facts(connection: Connection, clocks: Clocks) -> Iterator[dict[str, Any]]:
    """Every fact that counts at the clocks, in the order of the log, with the fields of the
    contract. Leaves out those that older versions derived from orders: they come with the orders.
    """
    withdrawn = lifts(connection, clocks.known_at)
    for logged in read_log(connection, until=clocks.known_at):
        event = logged.event
        if not isinstance(event, Fact) or isinstance(event, FactWithdrawn):
            continue
        if logged.at > clocks.as_of or logged.position in withdrawn or event.source == SOURCE:
            continue
        yield as_told(logged)
