"""Terms as files: what the shipped ones must say, and that every file writes and reads back."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import BadTerms
from ledger.programs.account_binding import parameters as account_binding
from ledger.programs.affiliate_commission import parameters as affiliate_commission
from ledger.programs.edition import Edition, parse_toml, to_toml
from ledger.programs.growth import parameters as growth
from ledger.programs.partner_admission import parameters as partner_admission
from ledger.programs.pid_binding import parameters as pid_binding
from ledger.programs.recruiting import parameters as recruiting
from ledger.programs.registry import FOLDER, program_of, shipped
from ledger.programs.service_agreement import parameters as service_agreement
from ledger.programs.shop_admission import parameters as shop_admission
from ledger.programs.star_map import parameters as star_map
from ledger.programs.store_deposit import parameters as store_deposit
from ledger.programs.store_samples import parameters as store_samples
from ledger.programs.technical_fee import parameters as technical_fee

UNSET: dict[str, set[str]] = {
    "affiliate_commission": set(),
    "recruiting": {"governance_ratios", "rest_days"},
    "growth": {"frozen_kinds", "creator_tiers"},
    "star_map": set(),
    "technical_fee": {"rates", "markets"},
    "partner_admission": set(),
    "service_agreement": set(),
    "shop_admission": {"open_categories"},
    "store_deposit": {"requirements", "return_after_days", "top_up_within_days"},
    "store_samples": set(),
    "account_binding": set(),
    "pid_binding": set(),
}
"""Parameters without a value: what nobody has published, and what `roll_over` would need."""
BY_PARAMETER = {
    *("market", "first_verified", "first_sale_in_time"),
    *("gmv_over_threshold", "stock_in_countries", "store_open"),
}
"""Conditions that are cited by the parameter that they ask for."""
CHOICES = {
    "affiliate_commission": {"eligible_when", "unapproved", "own_accounts", "refunds"},
    "recruiting": {
        *("gmv_window", "store_open_test", "first_scope", "governance_scope", "roll_over"),
        *("rate_day", "targeted_when", "verified_after_term", "high_risk_cured_by_reopening"),
        "high_risk_scope",
        *("later_termination_forfeits", "stock_test", "high_risk_when"),
    },
    "growth": {
        *("roas_cost", "gmv_basis", "gmv_refunds", "counts_when", "invited_when"),
        *("compensation_waits_for_fee", "frozen_from"),
    },
    "star_map": {"payer"},
    "technical_fee": {"revoked", "refunds"},
    "partner_admission": {"other_regions", "risk_when", "termination_bars"},
    "service_agreement": {
        *("gmv_basis", "proration", "end_day", "negative_months", "needs_certified"),
    },
    "shop_admission": set(),
    "store_deposit": {"combination"},
    "store_samples": set(),
    "account_binding": {
        *("probation_default", "unbind_scope", "rebind_after_limit", "one_store_per_account"),
        "unfit_binding",
    },
    "pid_binding": {"unfit_binding"},
}
"""Assumed parameters that are a choice between named values."""
FREE = {
    "affiliate_commission": {"zone", "from", "plan_in_force", "not_own_account"},
    "recruiting": {"zone", "stock_countries", "rate_max_age_days", "stock_asked_in"},
    "growth": {"zone", "proration", "rate_max_age_days", "frozen_kinds", "creator_tiers"},
    "star_map": {"zone", "from", "to", "schedule", "access", "rate_max_age_days"},
    "technical_fee": {"zone", "discounts"},
    "partner_admission": {"zone", "from", "rate_max_age_days", "not_terminated"},
    "service_agreement": {
        *("zone", "from", "rate_max_age_days", "partner_certified", "not_withheld"),
        "commission_split",
    },
    "shop_admission": {"zone", "from", "licensed_kinds", "open_categories"},
    "store_deposit": {
        *("zone", "from", "requirements", "return_after_days", "top_up_within_days"),
        *("stayed_closed", "balance_left", "requirement_covered"),
    },
    "store_samples": {
        *("zone", "from", "freight", "negative_balance", "balance_not_negative", "samples_left"),
    },
    "account_binding": {"zone", "from", "bindings_within_days"},
    "pid_binding": {"zone", "from"},
}
"""Assumed parameters that take any value, or only this one."""
ACME = Path(__file__).parents[2] / "fixtures" / "demo" / "terms-governance.toml"


def _edition(**changed: str) -> Edition:
    """The demo's edition by acme with some texts of its file replaced."""
    return parse_toml(_text(changed), "mine.toml")


def _text(changed: dict[str, str]) -> str:
    text = ACME.read_text(encoding="utf-8")
    for key, line in changed.items():
        (old,) = [one for one in text.splitlines() if one.startswith(f"{key} = ")][:1]
        text = text.replace(old, line, 1)
    return text


@pytest.mark.parametrize(
    ("ratios", "named"),
    [
        ('{ from = 1, ratio = "0.5" }, { from = 3, ratio = "0.8" }', "ratio 0.8 rises above 0.5"),
        ('{ from = 1, ratio = "1.01" }', "ratio 1.01 does not lie in 0..1"),
        ('{ from = 1, ratio = "-0.1" }', "ratio -0.1 does not lie in 0..1"),
        ('{ from = 1, ratio = "8e-1" }', "'8e-1' is not a plain decimal"),
        ("{ from = 1, ratio = 0.8 }", "governance_ratios.ratio = 0.8 is a float"),
        ("{ from = 1, ratio = 1 }", "governance_ratios.0.ratio: "),
        ('{ from = 3, ratio = "0.8" }, { from = 3, ratio = "0.5" }', "from = 3"),
        ('{ from = 3, ratio = "0.8" }, { from = 1, ratio = "0.5" }', "from = 1"),
        ('{ from = 0, ratio = "0.8" }', "governance_ratios.0.from: "),
        ('{ from = 1, ratio = "0.8", to = 2 }', "governance_ratios.0.to: unknown key"),
        ("{ from = 1 }", "governance_ratios.0.ratio: "),
    ],
)
def test_a_table_of_ratios_that_makes_no_sense_is_refused(ratios: str, named: str) -> None:
    """Ratios lie in 0..1, start at rising counts and do not rise."""
    line = f"governance_ratios = [{ratios}]"
    with pytest.raises(BadTerms) as refused:
        program_of("recruiting").check(_edition(governance_ratios=line))
    assert named in refused.value.sentence
    assert "governance_ratios" in refused.value.sentence


def test_several_wrong_keys_are_named_together() -> None:
    """Whoever mends a file sees everything that is wrong with it at once."""
    with pytest.raises(BadTerms) as refused:
        _edition(version="version = 0", zone='zone = "Asien"', publisher="prize = 1")
    for key in ("version: ", "zone: ", "publisher: ", "prize: "):
        assert key in refused.value.sentence


def test_the_shipped_terms_and_the_demos_survive_being_written_and_read() -> None:
    """`programs PROGRAM --format toml` prints what publishes as the same content."""
    acme = program_of("recruiting").check(_edition())
    for edition in (*shipped(), acme, _edition()):
        again = parse_toml(to_toml(edition), "again.toml")
        assert edition == again
        assert edition.digest == again.digest
        assert to_toml(edition) == to_toml(again)


def test_awkward_texts_survive_being_written_and_read() -> None:
    """Quotes, backslashes, line ends and other scripts in a reason or a title."""
    why = 'he said "no"\\ \n\t 中文 😀'
    edition = _edition().model_copy(update={"assumed": {"zone": why}})
    assert {"zone": why} == parse_toml(to_toml(edition), "again.toml").assumed


def test_the_digest_does_not_depend_on_how_the_file_is_written() -> None:
    """Order of keys, comments and defaults left out do not matter; a value does."""
    checked = program_of("recruiting").check
    text = ACME.read_text(encoding="utf-8")
    assert 'zone = "Asia/Shanghai"\n' in text
    moved = text.replace('zone = "Asia/Shanghai"\n', "").replace(
        "version = 2\n", 'version = 2 # the second\nzone = "Asia/Shanghai"\n'
    )
    shorter = text.replace('award = "2000.00"\n', "", 1)
    digest = checked(parse_toml(text, "a")).digest
    assert digest == checked(parse_toml(moved, "b")).digest
    assert digest == checked(parse_toml(shorter, "c")).digest
    assert digest != checked(_edition(award='award = "2000.01"')).digest


def test_every_shipped_parameter_is_cited_or_assumed() -> None:
    """No value without a source or a reason; only the unpublished table may be unset.

    The day of making up is no value of its own: it follows from the working days.
    """
    known: dict[str, Any] = {
        "affiliate_commission": affiliate_commission,
        "recruiting": recruiting,
        "growth": growth,
        "star_map": star_map,
        "technical_fee": technical_fee,
        "partner_admission": partner_admission,
        "service_agreement": service_agreement,
        "shop_admission": shop_admission,
        "store_deposit": store_deposit,
        "store_samples": store_samples,
        "account_binding": account_binding,
        "pid_binding": pid_binding,
    }
    assert [edition.rules for edition in shipped()] == sorted(known)
    for edition in shipped():
        module = known[edition.rules]
        assert UNSET[edition.rules] == set(module.Parameters.model_fields) - set(edition.terms)
        later = program_of(edition.rules).came_later
        reasoned = set(edition.assumed) | set(edition.cite) | set(later)
        ends = {"to"} if edition.last else set()
        wanted = set(edition.terms) | {"zone", "from"} | ends | UNSET[edition.rules]
        assert wanted - {"rest_days", "make_up_due"} <= reasoned
        assert set(module.CODES) <= reasoned | BY_PARAMETER


def test_the_shipped_day_of_making_up_follows_from_the_working_days() -> None:
    """Written into the terms when they are published, so that no later calendar moves it."""
    (edition,) = (one for one in shipped() if one.rules == "growth")
    terms = {name: value for name, value in edition.terms.items() if name != "make_up_due"}
    left_out = edition.model_copy(update={"terms": terms})
    assert program_of("growth").check(left_out) == edition
    assert edition.terms["make_up_due"] == "2026-09-11"


def test_every_shipped_citation_names_a_source_of_the_file() -> None:
    """`[cite]` says which text and where in it; `[[source]]` says which text that is."""
    for edition in shipped():
        keys = {one.key for one in edition.source}
        assert keys == {where.partition(",")[0] for where in edition.cite.values()}


def test_every_shipped_assumption_names_the_other_values() -> None:
    """Where a text leaves a choice between named values, its reason says what else to choose."""
    for edition in shipped():
        choices = CHOICES[edition.rules]
        assert choices | FREE[edition.rules] == set(edition.assumed)
        for parameter in choices:
            _, _, others = edition.assumed[parameter].partition("Other value")
            assert others, f"{parameter} does not say what else it could be"
            for other in others.lstrip("s").lstrip(": ").split(", "):
                value = {"true": True, "false": False}.get(other, other)
                changed = {**edition.terms, parameter: value}
                tried = edition.model_copy(update={"terms": changed})
                assert program_of(edition.rules).check(tried).terms[parameter] == value
                assert edition.terms[parameter] != value


def test_the_shipped_files_write_every_parameter_out() -> None:
    """Whoever copies a file sees all that can be changed, not only what differs."""
    files = sorted(FOLDER.glob("*/terms.toml"))
    assert files
    for path, edition in zip(files, shipped(), strict=True):
        written = tomllib.loads(path.read_text(encoding="utf-8"))["terms"]
        assert set(edition.terms) == set(written)
