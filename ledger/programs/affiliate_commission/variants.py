"""How the platform may have calculated a creator's commission differently, for all orders alike.

A file with single orders allows more: see `order_side.py`.
"""

from collections.abc import Iterator
from typing import get_args

from ledger.programs import variants
from ledger.programs.affiliate_commission.parameters import (
    EligibleWhen,
    OwnAccounts,
    Unapproved,
    parameters_of,
)
from ledger.programs.edition import Edition
from ledger.programs.variants import Variant, with_terms

TAKEN = ("creator_eligible", "creator_approved", "not_own_account")
"""Conditions that give an amount when they are taken as met; without a plan there is none."""


def of(edition: Edition) -> Iterator[Variant]:
    """A condition taken as met, refunds, the month in UTC, another rounding, another reading."""
    yield from variants.conditions(edition, TAKEN)
    deducted = parameters_of(edition).refunds == "deduct"
    other = with_terms(edition, refunds="ignore" if deducted else "deduct")
    if deducted:
        yield Variant("refund_ignored", "taken of the whole amount", other)
    else:
        yield Variant("refund_deducted", "taken less refunds", other)
    yield from variants.in_utc(edition)
    yield from variants.roundings_of_orders(edition)
    readings = {
        "eligible_when": get_args(EligibleWhen),
        "unapproved": get_args(Unapproved),
        "own_accounts": get_args(OwnAccounts),
    }
    yield from variants.other_readings(edition, readings)
