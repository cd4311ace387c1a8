"""Replaying a closed period from the log alone: identical, or with every difference."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.decision import Step
from ledger.kernel.garbage import no_cycles
from ledger.kernel.instants import format_instant
from ledger.kernel.money import Money, sum_by_currency
from ledger.programs.edition import Edition
from ledger.programs.line import Change, changes, digest_of
from ledger.usecases.settling.settle import Settlement, outcome_told, settle, subjects_of
from ledger.usecases.statements.closed_period import ClosedPeriod, closed_period, edition_of

if TYPE_CHECKING:
    from ledger.usecases.settling.processes import Processes


@dataclass(frozen=True)
class Replay:
    """A closed period worked out again, compared with its statements."""

    period: ClosedPeriod
    settlement: Settlement
    differences: list[dict[str, Any]]
    faults: list[str]
    payees: list[dict[str, Any]] = field(default_factory=list)
    draft: bool = False

    @property
    def identical(self) -> bool:
        """Whether the lines are the same to the cent, and the seal to the digest."""
        return not self.differences and not self.faults

    def as_json(self) -> dict[str, Any]:
        """The answer in the shape of the public contract."""
        seal, head = self.period.seal, self.settlement.head_json()
        answer = {
            "identical": self.identical,
            "program": seal.program,
            "period": head["period"],
            "as_of": head["as_of"],
            "known_at": head["known_at"],
            "terms": head["terms"],
            "rules_version": head["rules_version"],
            "closed": {
                "position": self.period.closed.position,
                "as_of": format_instant(seal.as_of),
                "known_at": seal.known_at,
                "digest": seal.digest,
            },
            "digest": digest_of(self.settlement.lines),
            "lines": len(self.settlement.lines),
            "totals": head["totals"],
            "faults": self.faults,
            "differences": self.differences,
        }
        return answer | ({"draft": True, "payees": self.payees} if self.draft else {})


def replay(
    connection: Connection,
    program: str,
    period: str | None,
    *,
    known_at: int,
    clocks: Clocks | None = None,
    draft: Edition | None = None,
    processes: "Processes | None" = None,
) -> Replay:
    """Works a closed period out again at its own clocks and under its own terms.

    Other `clocks` show how the period looked then, a `draft` shows what other terms would have
    given, payee by payee. Trusts only the events of statements, not their index, and nothing
    that was worked out before. Raises `NotClosed`, `LogBroken`, `WorkerLost`.
    """
    with no_cycles():
        known = closed_period(connection, program, period, known_at)
        edition = draft or edition_of(connection, known.seal)
        run_clocks = clocks or known.clocks
        run = settle(
            *(connection, edition, run_clocks),
            period=period,
            trusting=False,
            explained=draft is not None,
            processes=processes,
        )
        differences = _differences(connection, known, run, why=draft is not None)
        faults = [] if clocks or draft else _faults(known, run)
        payees = _payees(known, run, differences) if draft else []
    return Replay(known, run, differences, faults, payees, draft is not None)


def _faults(period: ClosedPeriod, run: Settlement) -> list[str]:
    """Where the seal does not match the log, as sentences; single lines are compared elsewhere."""
    seal, faults = period.seal, []
    issued = digest_of(period.as_issued)
    if issued != seal.digest:
        faults.append(f"the issued statements have the digest {issued}, the seal {seal.digest}")
    if digest_of(run.lines) != seal.digest:
        faults.append(f"the lines have the digest {digest_of(run.lines)}, the seal {seal.digest}")
    totals = {code: money.text for code, money in run.totals.items()}
    decisions = run.decisions or None
    if totals != seal.totals:
        faults.append(f"the totals are {totals}, the seal says {seal.totals}")
    if decisions != seal.decisions:
        faults.append(f"the decisions are {decisions}, the seal says {seal.decisions}")
    if len(run.lines) != seal.lines:
        faults.append(f"there are {len(run.lines)} lines, the seal says {seal.lines}")
    return faults


def _differences(
    connection: Connection, period: ClosedPeriod, run: Settlement, *, why: bool
) -> list[dict[str, Any]]:
    changed = changes(period.as_issued, run.lines)
    trees: dict[str, Step] = {}
    if why and changed:
        edition = edition_of(connection, period.seal)
        names = [change.line.line for change in changed]
        before = settle(
            *(connection, edition, period.clocks),
            period=run.period,
            subjects=subjects_of(edition, names),
        )
        trees = {line.line: line.explanation for line in before.lines}
    return [_difference(change, trees.get(change.line.line)) for change in changed]


def _difference(change: Change, tree: Step | None) -> dict[str, Any]:
    was, now, difference = change.was, change.now, change.difference
    row: dict[str, Any] = {
        "line": change.line.line,
        "payee": change.line.payee,
        "was": was.amount_text if was else None,
        "now": now.amount_text if now else None,
        "difference": difference.text if difference else None,
        "currency": change.line.currency,
        "was_outcome": outcome_told(was),
        "now_outcome": outcome_told(now),
    }
    if tree is not None and now is not None:
        row["why"] = changed_steps(tree, now.explanation)
    return row


def changed_steps(was: Step, now: Step) -> list[str]:
    """The steps of a tree whose requirement or result changed, as sentences."""
    sentences = []
    old = {_name(step): step for step in was.parts}
    for part in now.parts:
        before = old.get(_name(part))
        if before is None:
            sentences.append(f"{part.label}: new")
        elif before != part:
            deeper = changed_steps(before, part)
            sentences += deeper or [_change(before, part)]
    gone = {_name(step) for step in was.parts} - {_name(step) for step in now.parts}
    return sentences + [f"{old[name].label}: gone" for name in sorted(gone)]


def _name(step: Step) -> str:
    return step.code or step.label


def _change(was: Step, now: Step) -> str:
    phrases = []
    for word in ("required", "observed"):
        old, new = getattr(was, word), getattr(now, word)
        if old != new:
            phrases.append(f"{word} {new or 'nothing'} instead of {old or 'nothing'}")
    if was.amount != now.amount and was.amount and now.amount:
        phrases.append(f"{now.amount.text} instead of {was.amount.text} {now.amount.currency}")
    if was.met != now.met:
        words = {True: "met", False: "unmet", None: "not judged"}
        phrases.append(f"{words[now.met]} instead of {words[was.met]}")
    return f"{now.label}: {'; '.join(phrases) or 'based on other facts'}"


def _payees(
    period: ClosedPeriod, run: Settlement, differences: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Per payee and commodity, what was stated and what it would be."""
    was: dict[str, list[Money]] = defaultdict(list)
    now: dict[str, list[Money]] = defaultdict(list)
    for line in period.as_issued:
        if line.amount is not None:
            was[line.payee].append(line.amount)
    for line in run.lines:
        if line.amount is not None:
            now[line.payee].append(line.amount)
    changed: dict[str, int] = defaultdict(int)
    for row in differences:
        changed[row["payee"]] += 1
    rows = []
    for payee in sorted({*was, *now}):
        old, new = sum_by_currency(was[payee]), sum_by_currency(now[payee])
        for currency in sorted({*old, *new}):
            zero = Money.zero(currency)
            before, after = old.get(currency, zero), new.get(currency, zero)
            rows.append(
                {
                    "payee": payee,
                    "was": before.text,
                    "now": after.text,
                    "difference": after.plus(before.negated()).text,
                    "currency": currency,
                    "changed_lines": changed[payee],
                }
            )
    return rows
