"""Names that may have been meant, and lists that say when they are cut."""

import pytest

from ledger.kernel.near import did_you_mean, listed, near

NAMES = ["store:S-1", "store:S-2", "partner:P-1", "Liabilities:Payable", "recruiting-eu-jp-2026q1"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("STORE:s-1", ["store:S-1"]),
        ("S-2", ["store:S-2"]),
        ("recruting", ["recruiting-eu-jp-2026q1"]),
        ("liabilites:payable", ["Liabilities:Payable"]),
        ("something else", []),
        ("", []),
    ],
)
def test_the_likeliest_name_is_meant(typed: str, meant: list[str]) -> None:
    """In any case of letters, by its end behind a kind, by its beginning, or by most letters."""
    assert near(typed, NAMES) == meant


def test_a_name_in_other_letters_is_said_to_be_that() -> None:
    """Otherwise nobody sees what the difference is."""
    said = did_you_mean("store:s-1", NAMES)
    assert said == "Did you mean store:S-1? Capital and small letters differ. "
    assert did_you_mean("nothing like it", NAMES) == ""


def test_a_list_that_is_cut_says_how_many_more_there_are() -> None:
    """A list that is not cut is whole."""
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"
