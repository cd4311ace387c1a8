"""An unbalanced entry cannot be built, in any commodity, by anybody."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.accounting.chart import Account
from ledger.accounting.entry import Entry, Posting, Unbalanced, refuse_unbalanced
from ledger.kernel.money import Money

CASH, INCOME = Account("Assets", "Cash"), Account("Income", "FixedFee", "growth-2026-05")
COMMODITIES = ["CNY", "USD", "USD.AD", "JPY"]


def entry(*amounts: tuple[int, str]) -> Entry:
    """An entry of postings to two accounts in turn."""
    accounts = (CASH, INCOME)
    legs = [Posting(accounts[n % 2], Money(*one)) for n, one in enumerate(amounts)]
    return Entry("9.1", date(2026, 5, 1), "issued", "s", "l", "n", tuple(legs))


@pytest.mark.parametrize(
    "amounts",
    [
        (),
        ((5, "CNY"), (-5, "CNY")),
        ((5, "CNY"), (-3, "CNY"), (-2, "CNY")),
        ((5, "USD"), (-5, "USD"), (7, "USD.AD"), (-7, "USD.AD")),
    ],
)
def test_a_balanced_entry_is_built(amounts: tuple[tuple[int, str], ...]) -> None:
    """Each commodity sums to zero by itself."""
    assert len(entry(*amounts).postings) == len(amounts)


@pytest.mark.parametrize(
    ("amounts", "over"),
    [
        (((5, "CNY"),), "0.05 CNY"),
        (((500, "CNY"), (-499, "CNY")), "0.01 CNY"),
        (((5, "USD"), (-5, "USD.AD")), "0.05 USD, -0.05 USD.AD"),
        (((5, "JPY"), (-6, "JPY"), (1, "CNY")), "0.01 CNY, -1 JPY"),
    ],
)
def test_an_unbalanced_entry_is_refused_with_what_is_over(
    amounts: tuple[tuple[int, str], ...], over: str
) -> None:
    """Per commodity: dollars are never set off against ad credit."""
    with pytest.raises(Unbalanced) as refused:
        entry(*amounts)
    assert refused.value.sentence == f"Entry 9.1 does not balance: {over} over."
    assert "duebook verify" in refused.value.hint
    assert refused.value.kind == "broken"


@given(
    st.lists(st.tuples(st.integers(-(10**17), 10**17), st.sampled_from(COMMODITIES)), max_size=6)
)
def test_an_entry_is_built_exactly_when_every_commodity_sums_to_zero(
    amounts: list[tuple[int, str]],
) -> None:
    """Whatever the postings are; nothing rounds and nothing overflows."""
    sums = {code: sum(minor for minor, one in amounts if one == code) for _, code in amounts}
    postings = tuple(Posting(CASH, Money(*one)) for one in amounts)
    if any(sums.values()):
        with pytest.raises(Unbalanced):
            refuse_unbalanced("1.1", postings)
    else:
        refuse_unbalanced("1.1", postings)
