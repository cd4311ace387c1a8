"""Terms of account and pid binding: a value that makes no sense is refused with its key."""

from typing import Any

import pytest

from ledger.kernel.errors import BadTerms
from ledger.programs.registry import program_of, shipped

EDITIONS = {one.rules: one for one in shipped()}


@pytest.mark.parametrize(
    ("rules", "name", "value"),
    [
        ("account_binding", "official_max", -1),
        ("account_binding", "channel_max", "4"),
        ("account_binding", "channel_max_probation", True),
        ("account_binding", "followers_over", -1),
        ("account_binding", "unbind_after_hours", -24),
        ("account_binding", "official_unbinds_max", -3),
        ("account_binding", "bindings_max", -10),
        ("account_binding", "bindings_within_days", 10**9),
        ("account_binding", "same_name", "yes"),
        ("account_binding", "rebind_after_limit", 1),
        ("account_binding", "one_store_per_account", "false"),
        ("account_binding", "probation_default", "none"),
        ("account_binding", "unbind_scope", "merchant"),
        ("account_binding", "unfit_binding", "ignored"),
        ("account_binding", "followers_min", 1001),
        ("pid_binding", "pid_accounts_max", -5),
        ("pid_binding", "pid_accounts_max", "5"),
        ("pid_binding", "unfit_binding", "ignored"),
        ("pid_binding", "same_name", True),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(rules: str, name: str, value: Any) -> None:
    """Below zero, of another kind, of no known word, or under a key that there is not."""
    edition = EDITIONS[rules]
    changed = edition.model_copy(update={"terms": {**edition.terms, name: value}})
    with pytest.raises(BadTerms) as refused:
        program_of(rules).check(changed)
    assert f"[terms]: {name}: " in refused.value.sentence


@pytest.mark.parametrize("rules", ["account_binding", "pid_binding"])
def test_an_end_before_the_start_is_refused(rules: str) -> None:
    """With both days."""
    edition = EDITIONS[rules].model_copy(update={"last": EDITIONS[rules].first.replace(day=1)})
    if edition.last == edition.first:
        edition = edition.model_copy(update={"last": edition.first.replace(year=2000)})
    with pytest.raises(BadTerms, match="to: found"):
        program_of(rules).check(edition)
