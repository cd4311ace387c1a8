"""Every fact of the catalogue comes from a spreadsheet as well as from NDJSON."""

import csv
import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest

from ledger.aggregates.base import Fact
from ledger.aggregates.catalogue import FACTS
from ledger.store.book import Book
from tests.quarter import on_sqlite

Record = Callable[..., Any]
TOLD = [fact for fact in FACTS.values() if fact.__name__ != "FactWithdrawn"]


def cells(row: dict[str, Any], outer: str = "") -> dict[str, str]:
    """The row as cells: nested fields with a dot, lists with `;`, numbers and flags as text."""
    found: dict[str, str] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            found |= cells(value, f"{outer}{name}.")
        elif isinstance(value, list):
            found[f"{outer}{name}"] = ";".join(map(str, value))
        else:
            found[f"{outer}{name}"] = value if isinstance(value, str) else json.dumps(value)
    return found


@pytest.mark.parametrize("fact", TOLD, ids=lambda one: one.__name__)
@on_sqlite
def test_a_row_of_a_spreadsheet_is_known_as_the_same_fact(
    book: Book, record_facts: Record, fact: type[Fact]
) -> None:
    """The example of the catalogue as a row is recorded; as NDJSON it is known then."""
    row = cells(fact.EXAMPLE)
    sheet = StringIO()
    csv.writer(sheet).writerows([list(row), list(row.values())])
    told = record_facts(book, sheet.getvalue(), name="facts.csv")
    assert (told.recorded, told.rejected) == (1, [])
    again = record_facts(book, [fact.EXAMPLE])
    assert (again.recorded, again.known) == (0, 1)
