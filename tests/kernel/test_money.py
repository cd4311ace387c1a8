"""Money: exact decimals in, canonical text out, and no sum that mixes or loses a cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.errors import BadAmount, MixedCurrencies, UnknownCurrency
from ledger.kernel.money import (
    Money,
    canonical_amount,
    decimal_of,
    exponent,
    half_up,
    sum_by_currency,
)

MINOR = st.integers(min_value=-(10**17), max_value=10**17)
WEIGHTS = st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1204.50", "CNY", 120450),
        ("-12.00", "EUR", -1200),
        ("7", "USD", 700),
        ("0.1", "USD", 10),
        ("1500", "JPY", 1500),
        ("1.234", "KWD", 1234),
        ("007.50", "CNY", 750),
        ("-0.00", "CNY", 0),
        ("9999999999999999.99", "CNY", 999999999999999999),
    ],
)
def test_a_decimal_text_is_read_as_whole_minor_units(text: str, currency: str, minor: int) -> None:
    """The currency's exponent, not the text, says how many minor units an amount has."""
    assert Money(minor, currency) == Money.parse(text, currency)


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("1000", "CNY", "1000.00"),
        ("1000.5", "CNY", "1000.50"),
        ("-0", "CNY", "0.00"),
        ("-0.00", "EUR", "0.00"),
        ("-0.05", "EUR", "-0.05"),
        ("00012", "JPY", "12"),
        ("-0", "JPY", "0"),
        ("1", "BHD", "1.000"),
        ("0.0001", "CLF", "0.0001"),
        ("250", "USD.AD", "250.00"),
    ],
)
def test_an_amount_has_one_text_with_the_decimals_of_its_currency(
    text: str, currency: str, expected: str
) -> None:
    """However an amount is written, its text is the same, and never `-0.00`."""
    assert expected == canonical_amount(text, currency)


@given(MINOR, st.sampled_from(["CNY", "JPY", "KWD", "CLF", "USD.AD"]))
def test_the_text_of_an_amount_reads_back_as_the_amount(minor: int, currency: str) -> None:
    """Nothing is lost between an amount and its text."""
    money = Money(minor, currency)
    assert money == Money.parse(money.text, currency)


@pytest.mark.parametrize("text", [1204.5, 12, True, None, Decimal("1.00"), ["1.00"]])
def test_what_is_not_a_text_is_refused_and_quoted_in_the_hint(text: object) -> None:
    """A bare number may have been a float on its way: only a decimal string is an amount."""
    with pytest.raises(BadAmount) as refused:
        Money.parse(text, "CNY")
    assert f'Write it in quotes: "{text}".' == refused.value.hint
    assert refused.value.facts["found"] is text


@pytest.mark.parametrize(
    "text",
    [
        *("NaN", "nan", "Infinity", "-inf", "1e3", "1E-2", "0x10", "1_000", "1,000.00", "12,50"),
        *("", " ", " 1.00", "1.00 ", "1.00\n", "+1.00", "--1", "1.", ".5", "-", "1.2.3", "one"),
        *("¥1.00", "١٢", "１２", "1.00 CNY", "1\u00a0000"),
    ],
)
def test_what_is_not_a_plain_decimal_is_refused(text: str) -> None:
    """No NaN, no exponent, no separators, no other digits than 0 to 9, no sign but minus."""
    with pytest.raises(BadAmount, match="is not a plain decimal number"):
        Money.parse(text, "CNY")


@pytest.mark.parametrize(
    "text", ["1234567890123456789", "12345678901234567.89", "0" * 19, "-1" + "0" * 18]
)
def test_more_than_eighteen_digits_are_refused(text: str) -> None:
    """The nineteenth digit is one too many, wherever the point stands."""
    with pytest.raises(BadAmount, match="more than 18 digits"):
        decimal_of(text)


@pytest.mark.parametrize("text", ["123456789012345678", "1234567890123456.78", "-" + "9" * 18])
def test_eighteen_digits_are_taken(text: str) -> None:
    """The limit itself is inside."""
    assert text == f"{decimal_of(text):f}"


@pytest.mark.parametrize(
    ("text", "currency", "written"),
    [
        *(("600.0000", "CNY", "600.00"), ("-6.0000", "CNY", "-6.00"), ("1500.00", "JPY", "1500")),
        *(("0.000000000000000000000", "CNY", "0.00"), ("1.2500", "KWD", "1.250")),
    ],
)
def test_zeros_behind_the_last_decimal_are_no_decimals(
    text: str, currency: str, written: str
) -> None:
    """Nothing is lost, so nothing has to be rounded."""
    assert Money.parse(text, currency).text == written
    assert canonical_amount(text, currency) == written


@pytest.mark.parametrize(
    ("text", "currency", "decimals"),
    [("1.005", "CNY", 2), ("1.0050", "CNY", 2), ("1.5", "JPY", 0), ("1.2345", "KWD", 3)],
)
def test_too_many_decimals_are_refused_with_how_many_there_may_be(
    text: str, currency: str, decimals: int
) -> None:
    """An amount is never rounded on its way in, not even where the digits are zeros."""
    with pytest.raises(BadAmount) as refused:
        Money.parse(text, currency)
    assert f"{decimals} decimals" == refused.value.facts["expected"]
    assert f"{currency} has {decimals}." in refused.value.sentence


@pytest.mark.parametrize("code", ["", "cny", "RMB", "XXX", "XAU", "CN", "CNYX", "USD.ad", "EUR.AD"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    """Codes are those of ISO 4217 that have minor units, in capitals."""
    with pytest.raises(UnknownCurrency):
        Money.parse("1.00", code)
    with pytest.raises(UnknownCurrency):
        Money.zero(code)


def test_yen_have_no_decimals() -> None:
    """The exponent of JPY is 0: one yen is one minor unit and is written without a point."""
    assert exponent("JPY") == 0
    assert Money.parse("1500", "JPY").text == "1500"
    assert Money.zero("JPY").text == "0"


def test_ad_credit_is_never_added_to_the_currency_that_it_resembles() -> None:
    """USD.AD counts in cents and is no money: it has its own sums."""
    credit, money = Money.parse("10.00", "USD.AD"), Money.parse("5.00", "USD")
    with pytest.raises(MixedCurrencies, match=r"10\.00 USD\.AD and 5\.00 USD"):
        credit.plus(money)
    assert {"USD": money, "USD.AD": credit} == sum_by_currency([credit, money])


def test_two_currencies_are_never_added() -> None:
    """Not even where one of the amounts is nothing."""
    with pytest.raises(MixedCurrencies):
        Money.parse("1.00", "CNY").plus(Money.zero("EUR"))


def test_sums_are_kept_per_currency_in_the_order_of_codes() -> None:
    """Every currency has its own total, and nothing sums to no totals at all."""
    amounts = [Money(250, "USD"), Money(100, "CNY"), Money(-50, "USD"), Money(1, "CNY")]
    totals = sum_by_currency(amounts)
    assert [("CNY", Money(101, "CNY")), ("USD", Money(200, "USD"))] == list(totals.items())
    assert sum_by_currency([]) == {}


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        *(("0.5", 1), ("1.5", 2), ("2.5", 3), ("2.4999", 2), ("0.49", 0), ("2.50000001", 3)),
        *(("-0.5", -1), ("-1.5", -2), ("-2.5", -3), ("-2.4999", -2), ("-0.49", 0)),
    ],
)
def test_halves_are_rounded_away_from_zero(amount: str, expected: int) -> None:
    """Half up in both directions: what is due and what is taken back round alike."""
    assert expected == half_up(Decimal(amount))


def test_a_product_is_rounded_once_to_the_minor_unit() -> None:
    """0.05 CNY at 0.5 is 0.025: 0.03 due, -0.03 taken back."""
    assert Money(3, "CNY") == Money(5, "CNY").times(Decimal("0.5"))
    assert Money(-3, "CNY") == Money(-5, "CNY").times(Decimal("0.5"))
    assert Money(160000, "CNY") == Money(200000, "CNY").times(Decimal("0.8"))
    assert Money(3, "JPY") == Money(5, "JPY").times(Decimal("0.5"))


@given(MINOR, st.decimals(0, 100, places=12))
def test_a_product_mirrors_around_zero(minor: int, factor: Decimal) -> None:
    """An amount and its negation give products that cancel out to the cent."""
    money = Money(minor, "CNY")
    assert money.times(factor).negated() == money.negated().times(factor)


@given(MINOR, WEIGHTS)
def test_splitting_never_loses_or_makes_a_cent(minor: int, weights: list[int]) -> None:
    """The parts sum to the whole, none a cent from its share, odd cents where most was lost."""
    parts = Money(minor, "CNY").split(weights)
    assert minor == sum(part.minor for part in parts)
    assert len(weights) == len(parts)
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert part.minor * minor >= 0
        assert abs(part.minor * total - minor * weight) < total
        assert weight or not part.minor
    shares = [divmod(abs(minor) * weight, total) for weight in weights]
    pairs = zip(parts, shares, strict=True)
    odd = [(rest, abs(part.minor) - share) for part, (share, rest) in pairs]
    assert {0, 1} >= {cents for _, cents in odd}
    lucky = [rest for rest, cents in odd if cents]
    assert not lucky or min(lucky) >= max(rest for rest, cents in odd if not cents)


def test_the_odd_cents_go_to_the_largest_remainders_and_then_to_the_first() -> None:
    """0.10 in three equal parts is 0.04, 0.03, 0.03, and the same below zero."""
    assert [part.minor for part in Money(10, "CNY").split([1, 1, 1])] == [4, 3, 3]
    assert [part.minor for part in Money(-10, "CNY").split([1, 1, 1])] == [-4, -3, -3]
    assert [part.minor for part in Money(10, "CNY").split([1, 7])] == [1, 9]
    assert [part.minor for part in Money(10, "CNY").split([0, 3])] == [0, 10]


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [-1, 2], [-1]])
def test_weights_that_divide_nothing_are_refused(weights: list[int]) -> None:
    """A split needs weights of which none is negative and one is more than zero."""
    with pytest.raises(BadAmount, match="cannot divide an amount"):
        Money(10, "CNY").split(weights)
