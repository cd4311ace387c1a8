"""Whatever stands in a field, a row is read or rejected with a sentence: nothing ends in a bug."""

from contextlib import suppress
from itertools import product
from typing import Any

import pytest

from ledger.aggregates.catalogue import FACTS
from ledger.intake.rejection import RowProblem
from ledger.intake.rows import parse_row
from tests.quarter import NOW

NONSENSE: list[Any] = ["abc", "NaN", "-1", "0", "1e3", "", "\ud800", 7, 0.5, True, [], ["x"], {}]


@pytest.mark.parametrize("name", FACTS)
def test_nonsense_in_a_field_is_rejected_or_read_whatever_else_is_missing(name: str) -> None:
    """Each field in turn with each nonsense, whole and without each of the other fields."""
    example = dict(FACTS[name].EXAMPLE)
    fields = [field for field in FACTS[name].model_fields if field != "id"]
    for field, value, missing in product(fields, NONSENSE, [None, *example]):
        row = {key: one for key, one in example.items() if key not in (field, missing)}
        with suppress(RowProblem):
            parse_row({**row, "type": name, field: value}, NOW)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("DepositPaid", "amount"),
        ("DepositRequired", "amount"),
        ("PartnerApplied", "registered_capital"),
    ],
)
def test_an_amount_that_is_none_names_the_field_and_what_was_found(name: str, field: str) -> None:
    """Also where nobody says in which currency."""
    row = {**FACTS[name].EXAMPLE, field: "abc"}
    row = {key: value for key, value in row.items() if "currency" not in key}
    with pytest.raises(RowProblem) as raised:
        parse_row(row, NOW)
    assert raised.value.code in ("bad_amount", "missing_field")
