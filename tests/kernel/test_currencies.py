"""Our table of exponents beside the standard's own list."""

from iso4217 import Currency

from ledger.kernel.currencies import COMMODITIES, EXPONENTS
from ledger.kernel.money import exponent


def test_the_table_is_the_list_of_iso_4217() -> None:
    """Every code with minor units has the standard's exponent, and there is no other code."""
    standard = {one.code: one.exponent for one in Currency if one.exponent is not None}
    assert standard == EXPONENTS


def test_codes_without_minor_units_are_no_money() -> None:
    """Gold, test codes and the like have no exponent in the standard and none here."""
    without = {one.code for one in Currency if one.exponent is None}
    assert "XAU" in without
    assert not without & set(EXPONENTS)


def test_no_commodity_takes_the_name_of_a_currency() -> None:
    """Ad credit has a code that ISO 4217 cannot assign."""
    assert not set(COMMODITIES) & set(EXPONENTS)
    assert exponent("USD.AD") == 2
    assert all("." in code or len(code) > 3 for code in COMMODITIES)
