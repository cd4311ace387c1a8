"""Parameters of terms at their bounds: the last value that is taken, the first that is refused."""

from importlib import import_module
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.kernel.errors import BadTerms
from ledger.kernel.instants import midnight
from ledger.programs.edition import Edition
from ledger.programs.program import Program
from ledger.programs.registry import checked, program_of, shipped
from ledger.programs.variants import with_terms

EDITIONS = {one.rules: one for one in shipped()}
DISCOUNT = {"name": "new", "rate": "0.01", "onboarded_from": "2020-05-01"}
CHARGE = {"from": "2020-08-20", "link": "shop", "base": "gmv"}
BEYOND = "does not lie in 0..1"
TAKEN: list[tuple[str, str, Any]] = [
    ("recruiting", "award", "0.00"),
    ("recruiting", "gmv_over", "0.00"),
    ("recruiting", "first_sale_within_days", 0),
    ("recruiting", "first_sale_within_days", 366),
    ("recruiting", "rate_max_age_days", 0),
    ("recruiting", "rate_max_age_days", 366),
    ("recruiting", "markets", ["JP"]),
    ("recruiting", "governance_ratios", [{"from": 1, "ratio": "1"}]),
    ("recruiting", "governance_ratios", [{"from": 1, "ratio": "0"}]),
    ("recruiting", "governance_ratios", [{"from": n, "ratio": "0.5"} for n in (1, 2)]),
    ("growth", "fixed_fee", "0.00"),
    ("growth", "commission_rate", "0"),
    ("growth", "commission_rate", "1"),
    ("growth", "roas_floor", "0"),
    ("growth", "tiers", {"roas_short": "1"}),
    ("growth", "make_up_working_days", 0),
    ("growth", "make_up_due", "2026-07-31"),
    ("growth", "covered", {"referral_fee": ["0.06", "0.06"]}),
    ("growth", "covered", {"referral_fee": ["0", "1"]}),
    ("growth", "rate_max_age_days", 0),
    ("growth", "rate_max_age_days", 366),
    ("star_map", "schedule", [CHARGE | {"rate": "0"}]),
    ("star_map", "schedule", [CHARGE | {"rate": "1"}]),
    ("star_map", "rate_max_age_days", 0),
    ("star_map", "rate_max_age_days", 366),
    ("technical_fee", "rates", [{"category": "shoes", "rate": "0"}]),
    ("technical_fee", "rates", [{"category": "shoes", "rate": "1"}]),
    ("technical_fee", "rates", [{"category": "shoes", "rate": "0.000001"}]),
    ("technical_fee", "discounts", [DISCOUNT | {"first_day": 0, "days": 1}]),
    ("technical_fee", "discounts", [DISCOUNT | {"first_day": 366, "days": 3660}]),
]
REFUSED: list[tuple[str, str, Any, str]] = [
    ("recruiting", "award", "-0.01", "award: -0.01 is below zero"),
    ("recruiting", "gmv_over", "-0.01", "gmv_over: -0.01 is below zero"),
    ("recruiting", "first_sale_within_days", -1, "first_sale_within_days: "),
    ("recruiting", "first_sale_within_days", 367, "first_sale_within_days: "),
    ("recruiting", "rate_max_age_days", -1, "rate_max_age_days: "),
    ("recruiting", "rate_max_age_days", 367, "rate_max_age_days: "),
    ("recruiting", "markets", [], "markets: name at least one, and each once"),
    ("recruiting", "markets", ["EU", "EU"], "markets: name at least one, and each once"),
    ("recruiting", "stock_countries", [], "stock_countries: name at least one"),
    ("recruiting", "governance_ratios", [{"from": 1, "ratio": "1.000001"}], BEYOND),
    ("recruiting", "governance_ratios", [{"from": 1, "ratio": "-0.000001"}], BEYOND),
    ("growth", "fixed_fee", "-0.01", "fixed_fee: -0.01 is below zero"),
    ("growth", "commission_rate", "-0.000001", BEYOND),
    ("growth", "commission_rate", "1.000001", BEYOND),
    ("growth", "roas_floor", "-0.000001", "is below zero"),
    ("growth", "tiers", {"roas_short": "1.000001"}, BEYOND),
    ("growth", "tiers", {"reach_short": "0.1"}, "unknown key 'reach_short'"),
    ("growth", "make_up_working_days", -1, "make_up_working_days: "),
    ("growth", "make_up_working_days", 367, "make_up_working_days: "),
    ("growth", "make_up_due", "2026-07-30", "make_up_due: is before the term's end"),
    ("growth", "covered", {"referral_fee": ["0.06", "0.05"]}, "a lowest and a highest"),
    ("growth", "covered", {"referral_fee": ["0.1", "0.2", "0.3"]}, "a lowest and a highest"),
    ("growth", "proration", True, "proration: "),
    ("growth", "rate_max_age_days", 367, "rate_max_age_days: "),
    ("growth", "frozen_from", "invitation", "frozen_from: "),
    ("growth", "frozen_kinds", [], "frozen_kinds: name at least one, and each once"),
    ("growth", "frozen_kinds", ["coupon", "coupon"], "frozen_kinds: name at least one"),
    ("growth", "frozen_kinds", ["flash sale"], "frozen_kinds.0: "),
    ("growth", "creator_tiers", [], "creator_tiers: name at least one, and each once"),
    ("growth", "creator_tiers", ["mid", "mid"], "creator_tiers: name at least one"),
    ("growth", "creator_tiers", [""], "creator_tiers.0: "),
    ("star_map", "schedule", [CHARGE | {"rate": "-0.000001"}], BEYOND),
    ("star_map", "schedule", [CHARGE | {"rate": "1.000001"}], BEYOND),
    ("star_map", "rate_max_age_days", -1, "rate_max_age_days: "),
    ("star_map", "rate_max_age_days", 367, "rate_max_age_days: "),
    ("technical_fee", "rates", [{"category": "shoes", "rate": "1.000001"}], "in 0..1"),
    ("technical_fee", "rates", [{"category": "shoes", "rate": "-0.000001"}], "in 0..1"),
    ("technical_fee", "rates", [{"category": "shoes", "rate": "0.0000001"}], "six decimals"),
    ("technical_fee", "rates", [{"category": "shoes", "rate": "0.1"}] * 2, "two rates for one day"),
    ("technical_fee", "rates", [{"category": "", "rate": "0.1"}], "rates.0.category: "),
    ("technical_fee", "rates", [{"category": "x" * 65, "rate": "0.1"}], "rates.0.category: "),
    ("technical_fee", "discounts", [DISCOUNT | {"first_day": -1, "days": 1}], "first_day: "),
    ("technical_fee", "discounts", [DISCOUNT | {"first_day": 367, "days": 1}], "first_day: "),
    ("technical_fee", "discounts", [DISCOUNT | {"first_day": 0, "days": 0}], "days: "),
    ("technical_fee", "discounts", [DISCOUNT | {"first_day": 0, "days": 3661}], "days: "),
    (
        *("technical_fee", "discounts", [DISCOUNT | {"first_day": 0, "days": 1}] * 2),
        "two discounts of one name",
    ),
]
PUBLISHED_ONLY = {
    "affiliate_commission": {"markets"},
    "growth": {"make_up_due", "frozen_from"},
    "technical_fee": {"discounts"},
}
"""What the shipped terms say and the defaults leave open."""


def changed(rules: str, key: str, value: Any) -> Edition:
    """The shipped edition with one parameter changed, as it would be published."""
    return checked(with_terms(EDITIONS[rules], **{key: value}))


@pytest.mark.parametrize(("rules", "key", "value"), TAKEN)
def test_the_last_value_within_the_bounds_is_taken(rules: str, key: str, value: Any) -> None:
    """Published terms carry it as it was given."""
    found = changed(rules, key, value).terms[key]
    if isinstance(value, list) and isinstance(value[0], dict):
        assert [one | own for one, own in zip(found, value, strict=True)] == found
    else:
        assert found == value


@pytest.mark.parametrize(("rules", "key", "value", "said"), REFUSED)
def test_the_first_value_beyond_the_bounds_is_refused(
    rules: str, key: str, value: Any, said: str
) -> None:
    """With a sentence that names the parameter and what is wrong with it."""
    with pytest.raises(BadTerms) as refused:
        changed(rules, key, value)
    assert key in refused.value.sentence
    assert said in refused.value.sentence


@pytest.mark.parametrize("rules", sorted(EDITIONS))
def test_what_a_file_leaves_out_is_what_the_shipped_terms_say(rules: str) -> None:
    """The defaults of the parameters and the shipped file are one truth told twice."""
    published = dict(EDITIONS[rules].terms)
    for key in PUBLISHED_ONLY.get(rules, set()):
        del published[key]
    model = import_module(f"ledger.programs.{rules}.parameters").Parameters
    defaults = model().model_dump(mode="json", by_alias=True, exclude_none=True)
    assert {key: value for key, value in defaults.items() if key in published} == published


def test_the_last_day_for_a_first_sale_rolls_over_where_the_terms_say_so() -> None:
    """Day 30 of the term's last day is 30 April 2026; with 31 days it is 1 May, a holiday."""
    rules = program_of("recruiting")
    ends = {}
    for days, roll_over in ((30, False), (31, False), (31, True)):
        terms = {"first_sale_within_days": days, "roll_over": roll_over}
        edition = checked(with_terms(EDITIONS["recruiting"], **terms))
        ends[days, roll_over] = rules.settles_until(edition, None)
    day = EDITIONS["recruiting"].first.replace(month=5)
    assert ends == {
        (30, False): midnight(day, "Asia/Shanghai"),
        (31, False): midnight(day.replace(day=2), "Asia/Shanghai"),
        (31, True): midnight(day.replace(day=7), "Asia/Shanghai"),
    }


@pytest.mark.parametrize("rules", sorted(EDITIONS))
def test_new_terms_rest_on_the_newest_version_of_the_rules(
    rules: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terms that name a version keep it."""
    plain = EDITIONS[rules].model_copy(update={"rules_version": None})
    versions = program_of(rules).versions
    newest = max(versions) + 1
    monkeypatch.setitem(versions, newest, versions[1])  # type: ignore[arg-type]
    assert checked(plain).rules_version == newest
    assert checked(plain.model_copy(update={"rules_version": 1})).rules_version == 1


def test_these_programs_find_obligations() -> None:
    """The report of obligations asks no other program."""
    obliging = {rules for rules in EDITIONS if program_of(rules).obliges is not Program.obliges}
    assert obliging == {"growth", "store_deposit", "store_samples"}


@pytest.mark.parametrize("rules", sorted(EDITIONS))
def test_parameters_once_read_stay_as_they_are(rules: str) -> None:
    """Every line of a run rests on the same ones."""
    module = import_module(f"ledger.programs.{rules}.parameters")
    parameters = module.parameters_of(EDITIONS[rules])
    for name in type(parameters).model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(parameters, name, None)
