"""How ids look: those that nobody tells apart look the same."""

import pytest

from ledger.kernel.looks import look_of

ALIKE = [
    *(("\u0420-01", "P-01"), ("P-0\uff11", "P-01"), ("\U0001d40f-01", "P-01")),
    *(("\u0391\u0392", "AB"), ("\u0660\u0661", "01"), ("\u0430\u0440\u0440\u04cf\u0435", "apple")),
    *(("S\uff0d1", "S-1"), ("\u2160-1", "I-1"), ("\u13a2-1", "T-1"), ("\u13e2", "P")),
]


@pytest.mark.parametrize(("name", "look"), ALIKE, ids=lambda one: ascii(one))
def test_an_id_looks_like_its_latin_twin(name: str, look: str) -> None:
    """Cyrillic, Greek, full width, mathematical letters, digits of any script."""
    assert look_of(name) == look
    assert look_of(look) == look


@pytest.mark.parametrize("name", ["P-01", "书店-1", "Ünal", "é", "O", "0", "l", "1"])
def test_a_plain_id_looks_like_itself(name: str) -> None:
    """Latin letters and digits among themselves are left to the reader."""
    assert look_of(name) == name
