"""What a what-if leaves out of the log is left out whichever way a rule comes to it."""

from pathlib import Path
from typing import Any

from ledger.aggregates.base import Recorded
from ledger.aggregates.store import FirstSale
from ledger.aggregates.store_state import StoreState
from ledger.kernel.clocks import Clocks
from ledger.kernel.period import Window
from ledger.store.reader import LogReader
from tests.marks import sql
from tests.quarter import NOW, Quarter, certified, store

KINDS = ("sale", "store")


def no_sale(recorded: Recorded) -> bool:
    """Whether a fact is anything but a first sale."""
    return not isinstance(recorded.event, FirstSale)


def seen(reader: LogReader, position: int) -> dict[str, int]:
    """How often each way of reading comes to the fact at a position."""
    window = Window(0, NOW)
    state = reader.states("store", ["S-1"], StoreState)["S-1"]
    ways = {
        "state": [one.position for one in state.sales],
        "facts": [one.position for one in reader.facts(["store:S-1"])],
        "at_positions": [one.position for one in reader.at_positions([position])],
        "listed": [one.position for one in reader.listed({"sale": ["S-1"]})],
        "under": [at for _, at in reader.under("sale", "S-1", "S-1")],
        "within": list(reader.within("sale", window)),
        "located": [at for _, _, at in reader.located("sale", ["S-1"])],
        "named": [position for _ in reader.named("sale", ["S-1"])],
        "named_under": [position for _ in reader.named_under({"sale": ["S-1"]})["sale"]],
        "names": [position for _ in reader.names("sale", *window)],
    }
    return {way: found.count(position) for way, found in ways.items()}


@sql
def test_a_fact_that_is_left_out_is_found_in_no_way(book: Any, tmp_path: Path) -> None:
    """By its stream, its position or the index; without a what-if each way finds it."""
    desk = Quarter(book, tmp_path)
    desk.tell([*certified("P-1"), *store(1)])
    clocks = Clocks(NOW, book.head().position)
    with book.reading() as connection:
        reader = LogReader(connection, clocks)
        (sale,) = (one for one in reader.facts(["store:S-1"]) if not no_sale(one))
        assert set(seen(reader, sale.position).values()) == {1}
        reader.keep = no_sale
        assert set(seen(reader, sale.position).values()) == {0}
        assert [name for name, _ in reader.under("store", "S-1", "S-1")] == ["S-1"]
