"""The decision tree in the shape that scripts read."""

from ledger.kernel.decision import Step
from ledger.kernel.money import Money


def test_a_bare_step_is_its_label_with_empty_events_and_parts() -> None:
    """What a step does not say is left out, never null."""
    assert Step("award").as_json() == {"label": "award", "events": [], "parts": []}


def test_a_full_step_has_every_key_of_the_contract() -> None:
    """Amounts are decimal strings with their currency; positions stay in order."""
    step = Step(
        label="award",
        amount=Money(200000, "CNY"),
        met=True,
        required="all",
        observed="all",
        clause="news, rules",
        events=(3, 17),
        parts=(Step("part"),),
        code="award",
        pending="window_open",
    )
    expected = {
        "label": "award",
        "amount": "2000.00",
        "currency": "CNY",
        "code": "award",
        "met": True,
        "pending": "window_open",
        "required": "all",
        "observed": "all",
        "clause": "news, rules",
        "events": [3, 17],
        "parts": [{"label": "part", "events": [], "parts": []}],
    }
    assert expected == step.as_json()


def test_what_is_unmet_or_nothing_is_said() -> None:
    """False and zero are answers, and are not left out as if they were absent."""
    found = Step("award", Money.zero("JPY"), met=False).as_json()
    assert (found["met"], found["amount"], found["currency"]) == (False, "0", "JPY")


def test_a_condition_that_cannot_be_judged_has_no_met() -> None:
    """Pending says what is missing instead."""
    found = Step("first sale", met=None, pending="window_open").as_json()
    assert "met" not in found
    assert found["pending"] == "window_open"


def test_a_tree_rests_on_the_positions_of_all_its_parts() -> None:
    """Each position once, however deep it stands and however often."""
    tree = Step(
        "a", events=(1, 2), parts=(Step("b", events=(2, 9), parts=(Step("c", events=(5,)),)),)
    )
    assert {1, 2, 5, 9} == tree.positions()
    assert set() == Step("a").positions()
