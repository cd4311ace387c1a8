"""Account binding as a program: it judges who is bound to a store, and has no lines."""

from ledger.aggregates.binding import AccountBound, AccountNamed, AccountUnbound
from ledger.programs.account_binding.acts import judge_bindings, standing_bonds, touches
from ledger.programs.account_binding.parameters import checked
from ledger.programs.edition import Edition
from ledger.programs.program import Judging, OwnReport, judging_only


def _all_accounts(edition: Edition) -> tuple[str, ...]:
    """Acts name no program: two editions of one day would both judge them."""
    return ("all accounts",)


PROGRAM = judging_only(
    checked=checked,
    subject="account",
    scope=_all_accounts,
    judges=(
        Judging(
            facts=(AccountNamed, AccountUnbound, AccountBound),
            judge=judge_bindings,
            listed="binding",
            touches=touches,
        ),
    ),
    reports={
        "bindings": OwnReport(
            "accounts that stand at stores: role, name, followers, what limits are used up",
            standing_bonds,
        )
    },
)
