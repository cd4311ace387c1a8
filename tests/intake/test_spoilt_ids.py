"""An id that a spreadsheet or a script has spoilt is refused by every reader alike."""

from typing import Any

import pytest

from ledger.aggregates.catalogue import FACTS
from ledger.intake.platform.canonical import read
from ledger.intake.problems import BadPlatformFile
from ledger.intake.rejection import RowProblem
from ledger.intake.rows import parse_row
from tests.quarter import NOW

SPOILT = ["5.77E+17", "577.0", "nan", "#N/A"]
FACT = {"type": "StoreVerified", "at": "2026-01-12T09:00:00Z", "store": "S-1"}


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("field", ["store", "id"])
def test_of_a_fact(field: str, spoilt: str) -> None:
    """The thing that it is about, and the sender's own id."""
    with pytest.raises(RowProblem) as refused:
        parse_row(FACT | {field: spoilt}, NOW)
    assert refused.value.code == "spoilt_id"


def test_in_a_list_too_and_guards_are_taken_off() -> None:
    """Stores of an agreement."""
    example: dict[str, Any] = dict(FACTS["AgreementSigned"].EXAMPLE)
    with pytest.raises(RowProblem) as refused:
        parse_row(example | {"stores": ["S-1", "1.2E+5"]}, NOW)
    assert refused.value.code == "spoilt_id"
    assert parse_row(FACT | {"store": '="577"'}, NOW).fact.store == "577"  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", FACTS)
def test_what_every_fact_gives_as_its_example_is_none(kind: str) -> None:
    """No id that people write is taken for one."""
    assert parse_row(dict(FACTS[kind].EXAMPLE), NOW).fact


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("column", ["store", "order_id"])
def test_of_a_platforms_file(tmp_path: Any, column: str, spoilt: str) -> None:
    """Named with its row; a guard is taken off."""
    row = {"order_id": "'1", "store": "S-1", "amount": "1.00", "currency": "CNY"}
    path = tmp_path / "theirs.csv"
    path.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    assert read(str(path)).rows[0].order == "1"
    path.write_text(",".join(row) + "\n" + ",".join((row | {column: spoilt}).values()) + "\n")
    with pytest.raises(BadPlatformFile) as refused:
        read(str(path))
    assert "spoilt_id" in str(refused.value.facts) or spoilt in refused.value.sentence


def test_a_feed_is_not_called_as_archived_orders_are() -> None:
    """What they say stands beside it under that name."""
    with pytest.raises(RowProblem) as refused:
        parse_row(FACT | {"source": "orders"}, NOW)
    assert refused.value.code == "invalid_field"
