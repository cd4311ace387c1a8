"""Terms of deposits: a value that makes no sense is refused with its key; likely causes."""

from typing import Any

import pytest

from ledger.kernel.errors import BadTerms
from ledger.programs.registry import program_of, shipped

(EDITION,) = (one for one in shipped() if one.rules == "store_deposit")
PROGRAM = program_of("store_deposit")
APPAREL = {"category": "apparel", "amount": "2000.00"}


def _with(**changed: Any) -> Any:
    return EDITION.model_copy(update={"terms": {**EDITION.terms, **changed}})


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"requirements": [{**APPAREL, "amount": "-0.01"}]}, "requirements.0.amount: -0.01 is bel"),
        ({"requirements": [{**APPAREL, "amount": "1e3"}]}, "requirements.0.amount: '1e3'"),
        ({"requirements": [{**APPAREL, "amount": 2000}]}, "requirements.0.amount: "),
        ({"requirements": [{**APPAREL, "amount": "0.001"}]}, "requirements: '0.001' has 3 decim"),
        ({"requirements": [APPAREL, {**APPAREL, "amount": "1.00"}]}, "requirements: two rows for"),
        ({"requirements": [{"category": "apparel"}]}, "requirements.0.amount: "),
        ({"requirements": [{**APPAREL, "from": "2020-01-01"}]}, "requirements.0.from: unknown key"),
        ({"requirements": [{**APPAREL, "category": "a b"}]}, "requirements.0.category: "),
        ({"combination": "lowest"}, "combination: "),
        ({"return_after_days": -1}, "return_after_days: "),
        ({"return_after_days": "30"}, "return_after_days: "),
        ({"return_after_days": 10**9}, "return_after_days: "),
        ({"top_up_within_days": -1}, "top_up_within_days: "),
        ({"top_up_within_days": True}, "top_up_within_days: "),
        ({"interest": "0.01"}, "interest: unknown key"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(changed: dict[str, Any], named: str) -> None:
    """Below zero, too fine, of another kind, twice for one category, or under an unknown key."""
    with pytest.raises(BadTerms) as refused:
        PROGRAM.check(_with(**changed))
    assert f"[terms]: {named}" in refused.value.sentence


def test_a_table_without_rows_is_none() -> None:
    """So that a later version may fill it for a closed month."""
    assert "requirements" not in PROGRAM.check(_with(requirements=[])).terms
    assert PROGRAM.keyed == {"requirements": ("category",)}


def test_likely_causes_are_conditions_months_days_uses_then_the_other_combination() -> None:
    """Each changes one thing, and its terms can be published."""
    found = list(PROGRAM.variants(_with(return_after_days=30)))
    assert [(one.because, one.detail) for one in found] == [
        ("stayed_closed", "taken as met"),
        ("requirement_covered", "taken as met"),
        ("month", "a day longer at its end"),
        ("month", "a day shorter at its end"),
        ("month", "a day longer at its start"),
        ("month", "a day shorter at its start"),
        ("zone", "days in UTC instead of Asia/Shanghai"),
        ("return_after_days", "31 instead of 30"),
        ("return_after_days", "29 instead of 30"),
        ("uses_ignored", "uses are not taken off what goes back"),
        ("combination", "sum instead of highest"),
    ]
    for one in found:
        assert PROGRAM.check(one.edition)


def test_no_days_until_the_return_have_no_day_less() -> None:
    """Nor do days that nobody has published have others."""
    named = [one.detail for one in PROGRAM.variants(_with(return_after_days=0))]
    assert "1 instead of 0" in named
    assert "-1 instead of 0" not in named
    assert "return_after_days" not in [one.because for one in PROGRAM.variants(EDITION)]
