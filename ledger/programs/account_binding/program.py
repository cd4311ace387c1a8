"""Account binding as a program: it judges who is bound to a store, and has no lines."""

from ledger.aggregates.binding import AccountBound, AccountNamed, AccountUnbound
from ledger.programs.account_binding.acts import judge_bindings, standing_bonds, touches
from ledger.programs.account_binding.parameters import checked
from ledger.programs.judging import judging_only
from ledger.programs.program import Judging, OwnReport, covers

PROGRAM = judging_only(
    checked=checked,
    subject="account",
    scope=covers("all accounts"),
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
            "accounts bound to stores: role, name, followers, which limits are used up",
            standing_bonds,
        )
    },
)
