"""Links of accounts to a pid, judged one after another. Source: seed 004, chronology, end of May.

A new account exceeds the limit if the allowed number is linked already. Links before the edition's
first day take effect but are not judged; linking an account again does not make it a new one.
"""

from collections.abc import Sequence

from ledger.aggregates.base import Recorded, in_order
from ledger.aggregates.judge import Surprise
from ledger.aggregates.pid import PidLinked, PidState
from ledger.programs.contract import Reader, in_chunks
from ledger.programs.edition import Edition
from ledger.programs.pid_binding.parameters import parameters_of
from ledger.programs.program import Judged


def judge_links(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Judged:
    """Exceptions among a set of links of accounts to pids."""
    mine = {fact.position: fact for fact in facts if fact.at in edition.window}
    for pids in in_chunks({fact.event.pid for fact in mine.values()}):
        for state in reader.states("pid", pids, PidState).values():
            for recorded, linked in _over(state, edition):
                if recorded.position in mine:
                    yield mine[recorded.position], _surprise(recorded, linked, edition)


def _over(state: PidState, edition: Edition) -> list[tuple[Recorded, int]]:
    """The links of new accounts over the limit, with how many were linked before."""
    terms, linked, over = parameters_of(edition), set[str](), []
    facts = sorted(state.facts, key=lambda fact: (fact.event.source or "", fact.event.id or ""))
    for recorded in in_order(facts):
        account = recorded.event.account
        if not isinstance(recorded.event, PidLinked):
            linked.discard(account)
            continue
        full = account not in linked and len(linked) >= terms.pid_accounts_max
        if full and recorded.at in edition.window:
            over.append((recorded, len(linked)))
            if terms.unfit_binding == "refused":
                continue
        linked.add(account)
    return over


def _surprise(recorded: Recorded, linked: int, edition: Edition) -> Surprise:
    event, most = recorded.event, parameters_of(edition).pid_accounts_max
    clause = edition.cite.get("pid_accounts_max") or "pid_accounts_max"
    return Surprise(
        "pid_accounts_over",
        f"account {event.account} is linked to pid {event.pid} while {linked} others are; "
        f"{most} are allowed. Clause of {edition.program}: {clause}.",
        "Withdraw the report where it is wrong, or record the PidUnlinked that it lacks.",
        event.account,
        edition.program,
    )
