"""Pid binding as a program: it judges how many accounts sell through a pid, and has no lines."""

from ledger.aggregates.pid import PidLinked
from ledger.programs.judging import judging_only
from ledger.programs.pid_binding.acts import judge_links
from ledger.programs.pid_binding.parameters import checked
from ledger.programs.program import Judging, covers

PROGRAM = judging_only(
    checked=checked,
    subject="pid",
    scope=covers("all pids"),
    judges=(Judging(facts=(PidLinked,), judge=judge_links, listed="pid-link"),),
)
