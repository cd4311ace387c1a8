"""Rows of statements as salted leaves of a tree."""

import pytest

from ledger.kernel.line_leaves import (
    SaltedRow,
    range_of_rows,
    root_of_rows,
    salt_of,
    salted,
)
from ledger.kernel.merkle_checks import root_of_range
from ledger.kernel.proof_errors import BadProof

SECRET = bytes(range(32))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13])
def test_any_rows_that_stand_together_lead_to_the_root(size: int) -> None:
    rows = salted(SECRET, [f"row {number}" for number in range(size)])
    for first in range(size):
        for last in range(first, size):
            shown = [row.leaf() for row in rows[first : last + 1]]
            hashes = range_of_rows(rows, first, last)
            assert root_of_range(first, shown, size, hashes) == root_of_rows(rows)


def test_a_row_with_another_text_or_salt_leads_elsewhere() -> None:
    rows = salted(SECRET, ["payable 2000.00", "declined 0.00", "payable 2000.00"])
    hashes = range_of_rows(rows, 1, 1)
    for other in (SaltedRow(rows[1].salt, "payable 0.00"), SaltedRow(bytes(16), rows[1].text)):
        assert root_of_range(1, [other.leaf()], 3, hashes) != root_of_rows(rows)


def test_rows_that_say_the_same_have_different_leaves() -> None:
    rows = salted(SECRET, ["declined 0.00"] * 100)
    assert len({row.leaf() for row in rows}) == 100


def test_salts_depend_on_the_secret_and_on_the_place() -> None:
    assert len({salt_of(secret, place) for secret in (SECRET, bytes(32)) for place in (0, 1)}) == 4


def test_a_salt_of_another_length_is_refused() -> None:
    with pytest.raises(BadProof, match="15 bytes; expected 16"):
        SaltedRow(bytes(15), "a row").leaf()
