"""Facts as states keep them: the same facts, in less memory."""

from typing import Any

import pytest

from ledger.aggregates.base import Fact
from ledger.aggregates.catalogue import FACTS
from ledger.store.codec import decode_facts, decode_rows


def stored(kind: type[Fact]) -> tuple[Any, ...]:
    """The row of the log that holds a fact's example."""
    example = {name: value for name, value in kind.EXAMPLE.items() if name not in ("type", "at")}
    fact = kind.validator().validate_python(example)
    return 7, fact.stream, 1, kind.TOPIC, fact.stored(), 99


@pytest.mark.parametrize("kind", FACTS.values(), ids=FACTS)
def test_a_fact_in_a_state_is_the_fact_in_the_log(kind: type[Fact]) -> None:
    """Equal to what the log shows, and written back to the same bytes."""
    row = stored(kind)
    (kept,), (shown,) = decode_facts([row]), decode_rows([(*row, 0, "", 0, 0, b"")])
    assert kept.event == shown.event
    assert kept.event.stored() == row[4]
    assert kept.event.content() == shown.event.content()


def test_a_fact_in_a_state_does_not_keep_which_fields_were_written() -> None:
    """Up to 728 bytes a fact; a changed copy of one says so for itself alone."""
    row = stored(FACTS["GMVRecorded"])
    first, second = decode_facts([row, row])
    assert first.event.model_fields_set == second.event.model_fields_set == set()
    copied = first.event.model_copy(update={"orders": 5})
    assert (copied.orders, second.event.orders) == (5, 17)
    assert second.event.model_fields_set == set()
