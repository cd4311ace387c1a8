"""Matching the platform's rows with our lines: each line is claimed once."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from ledger.aggregates.reconciliation import Break, BreakKind
from ledger.aggregates.settlement import period_id
from ledger.intake.platform.rows import PlatformRow
from ledger.intake.problems import Problem
from ledger.kernel.money import Money
from ledger.programs.line import Line
from ledger.usecases.reconciling.signs import Turned


class Matched(NamedTuple):
    """How many lines agree, the breaks, and rows that name more than one line."""

    matched: int
    breaks: list[Break]
    problems: list[Problem]
    turned: Turned | None = None
    """How many amounts agree except for the sign, if most of them do."""


class Matcher:
    """Takes the platform's rows one by one; our lines that none of them claims are missing
    theirs."""

    def __init__(
        self,
        program: str,
        period: str | None,
        ours: Iterable[Line],
        subjects: dict[str, list[str]],
        covered: frozenset[str],
    ) -> None:
        self.program = program
        self.period = period
        self.ours = {line.line: line for line in ours}
        self._by_subject: dict[str, list[Line]] = defaultdict(list)
        self._by_party: dict[str, list[Line]] = defaultdict(list)
        for line in self.ours.values():
            self._by_subject[line.subject.partition(":")[2]].append(line)
            for party in {line.subject, line.payee, line.payer}:
                self._by_party[party].append(line)
        self.subjects = subjects
        """Per store of the file, the subjects whose lines are about it."""
        self.covered = covered
        self.claimed: set[str] = set()
        self.matched = 0
        self.breaks: list[Break] = []
        self.problems: list[Problem] = []
        self._seen: dict[str, int] = {}
        self._pairs: list[tuple[Money, Money]] = []

    def take(self, row: PlatformRow) -> None:
        """Matches a row."""
        if row.kind in self.covered and self._is_enrolled(row):
            if row.amount and row.amount.minor:
                self._break("covered_cost_charged", self._name(row), None, row)
            return
        lines = self._lines(row)
        if len(lines) > 1:
            kinds = ", ".join(sorted({self.ours[line].kind for line in lines}))
            sentence = f"store {row.store} has several lines ({kinds}); name the kind, or the line."
            self.problems.append(Problem(row.place, "several_lines", sentence))
        elif lines:
            self._claim(self.ours[lines[0]], row)
        elif (row.amount and row.amount.minor) or row.outcome == "granted":
            self._break("missing_ours", self._name(row), None, row)

    def finish(self) -> Matched:
        """Adds breaks for our lines that the platform does not have. Lines of zero, and
        decisions that were not granted, need no row."""
        for name in sorted(set(self.ours) - self.claimed):
            line = self.ours[name]
            if line.outcome == "granted" or (line.amount and line.amount.minor):
                self._break("missing_theirs", name, line, None)
        self.breaks.sort(key=lambda break_: break_.id)
        return Matched(self.matched, self.breaks, self.problems, Turned.of(self._pairs))

    def _claim(self, line: Line, row: PlatformRow) -> None:
        ours, theirs = line.amount, row.amount
        if (ours is None and row.outcome is None) or (ours is not None and theirs is None):
            what = "outcome" if ours is None else "amount"
            sentence = f"{line.line} is compared by its {what}; {what} is empty."
            self.problems.append(Problem(row.place, "missing_field", sentence))
            return
        if line.line in self.claimed:
            self._break("duplicate_theirs", line.line, None, row, decision=ours is None)
            return
        self.claimed.add(line.line)
        if ours is not None and theirs is not None:
            self._pairs.append((ours, theirs))
        if ours is None or theirs is None:
            if line.outcome == row.outcome:
                self.matched += 1
            else:
                self._break("outcome_differs", line.line, line, row)
        elif theirs == ours or not (theirs.minor or ours.minor):
            self.matched += 1
        elif theirs.currency != ours.currency:
            self._break("currency_differs", line.line, line, row)
        else:
            self._break("amount_differs", line.line, line, row)

    def _lines(self, row: PlatformRow) -> list[str]:
        """The lines that a row may mean; for a store, those about it, payable to it or by it."""
        if row.line:
            return [row.line] if row.line in self.ours else []
        store = row.store or ""
        about = [
            line for subject in self.subjects.get(store, ()) for line in self._by_subject[subject]
        ]
        candidates = {line.line: line for line in (*about, *self._by_party[f"store:{store}"])}
        return [
            line.line
            for line in candidates.values()
            if row.kind in (None, line.kind)
            and row.payer in (None, line.payer, line.payer.partition(":")[2])
        ]

    def _is_enrolled(self, row: PlatformRow) -> bool:
        wanted = set(self.subjects.get(row.store or "", ()))
        if row.line:
            wanted.add(row.line.removeprefix(f"{self.program}/").partition("/")[0])
        return any(subject in self._by_subject for subject in wanted)

    def _name(self, row: PlatformRow) -> str:
        if row.line:
            return row.line
        kind = f"/{row.kind}" if row.kind else ""
        return f"{period_id(self.program, self.period)}/{row.store}{kind}"

    def _break(
        self,
        kind: BreakKind,
        name: str,
        line: Line | None,
        row: PlatformRow | None,
        *,
        decision: bool = False,
    ) -> None:
        """Adds a break under an id that is the same in every run."""
        identity = f"{name}#{kind}"
        count = self._seen[identity] = self._seen.get(identity, 0) + 1
        common = {
            "id": identity if count == 1 else f"{identity}.{count}",
            "kind": kind,
            "line": name,
            "payee": line.payee if line else None,
            "place": row.place if row else None,
        }
        ours = line.amount if line else None
        theirs = row.amount if row else None
        if decision or (ours is None and theirs is None):
            outcomes = {"ours": line.outcome if line else None}
            outcomes |= {"theirs": row.outcome if row else None}
            self.breaks.append(Break(**common, **outcomes))
            return
        either = ours or theirs
        assert either is not None
        currency, difference = either.currency, None
        if kind != "currency_differs":
            zero = Money.zero(currency)
            difference = (ours or zero).plus((theirs or zero).negated()).text
        elif theirs is not None:
            currency = theirs.currency
        amounts = {"ours": ours.text if ours else None, "theirs": theirs.text if theirs else None}
        self.breaks.append(Break(**common, **amounts, difference=difference, currency=currency))
