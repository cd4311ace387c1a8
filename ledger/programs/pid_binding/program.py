"""Pid binding as a program: it judges how many accounts sell through a pid, and has no lines."""

from ledger.aggregates.pid import PidLinked
from ledger.programs.edition import Edition
from ledger.programs.pid_binding.acts import judge_links
from ledger.programs.pid_binding.parameters import checked
from ledger.programs.program import Judging, judging_only


def _all_pids(edition: Edition) -> tuple[str, ...]:
    """Links name no program: two editions of one day would both judge them."""
    return ("all pids",)


PROGRAM = judging_only(
    checked=checked,
    subject="pid",
    scope=_all_pids,
    judges=(Judging(facts=(PidLinked,), judge=judge_links, listed="pid-link"),),
)
