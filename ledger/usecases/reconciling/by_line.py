"""Matching the platform's rows with our lines: each line is claimed once, both ends shown."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from ledger.aggregates.reconciliation import Break, BreakKind
from ledger.aggregates.settlement import period_id
from ledger.intake.platform.rows import PlatformRow, Problem
from ledger.kernel.money import Money


class Ours(NamedTuple):
    """One line of ours as it stands."""

    line: str
    kind: str
    payee: str
    subject: str
    amount: Money


class Matched(NamedTuple):
    """How many lines agree, what does not, and rows that name more than one line."""

    matched: int
    breaks: list[Break]
    problems: list[Problem]


class Matcher:
    """Takes the platform's rows one after another; what is left of ours they do not have."""

    def __init__(
        self,
        program: str,
        period: str | None,
        ours: Iterable[Ours],
        subjects: dict[str, list[str]],
        covered: frozenset[str],
    ) -> None:
        self.program = program
        self.period = period
        self.ours = {one.line: one for one in ours}
        self._by_subject: dict[str, list[Ours]] = defaultdict(list)
        for one in self.ours.values():
            self._by_subject[one.subject.partition(":")[2]].append(one)
        self.subjects = subjects
        """Per store of the file the subjects whose lines are about it."""
        self.covered = covered
        self.claimed: set[str] = set()
        self.matched = 0
        self.breaks: list[Break] = []
        self.problems: list[Problem] = []
        self._seen: dict[str, int] = {}

    def take(self, row: PlatformRow) -> None:
        """Matches a row."""
        if row.kind in self.covered and self._is_enrolled(row):
            if row.amount.minor:
                self._break("covered_cost_charged", self._name(row), None, row)
            return
        lines = self._lines(row)
        if len(lines) > 1:
            kinds = ", ".join(sorted({self.ours[line].kind for line in lines}))
            said = f"store {row.store} has several lines ({kinds}); name the kind, or the line."
            self.problems.append(Problem(row.place, "several_lines", said))
        elif not lines:
            if row.amount.minor:
                self._break("missing_ours", self._name(row), None, row)
        else:
            self._claim(self.ours[lines[0]], row)

    def finish(self) -> Matched:
        """Adds what the platform does not have. Lines of nothing need no partner."""
        for name in sorted(set(self.ours) - self.claimed):
            one = self.ours[name]
            if one.amount.minor:
                self._break("missing_theirs", name, one, None)
        self.breaks.sort(key=lambda one: one.id)
        return Matched(self.matched, self.breaks, self.problems)

    def _claim(self, one: Ours, row: PlatformRow) -> None:
        if one.line in self.claimed:
            self._break("duplicate_theirs", one.line, None, row)
            return
        self.claimed.add(one.line)
        if row.amount == one.amount or not (row.amount.minor or one.amount.minor):
            self.matched += 1
        elif row.amount.currency != one.amount.currency:
            self._break("currency_differs", one.line, one, row)
        else:
            self._break("amount_differs", one.line, one, row)

    def _lines(self, row: PlatformRow) -> list[str]:
        if row.line:
            return [row.line] if row.line in self.ours else []
        return [
            one.line
            for subject in self.subjects.get(row.store or "", ())
            for one in self._by_subject.get(subject, ())
            if row.kind in (None, one.kind)
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

    def _break(self, kind: BreakKind, name: str, one: Ours | None, row: PlatformRow | None) -> None:
        """A break under an id that is the same in every run."""
        identity = f"{name}#{kind}"
        count = self._seen[identity] = self._seen.get(identity, 0) + 1
        ours = one.amount if one else None
        theirs = row.amount if row else None
        currency = (ours or theirs or Money(0, "")).currency
        difference = None
        if kind != "currency_differs":
            zero = Money.zero(currency)
            difference = (ours or zero).plus((theirs or zero).negated()).text
        self.breaks.append(
            Break(
                id=identity if count == 1 else f"{identity}.{count}",
                kind=kind,
                line=name,
                payee=one.payee if one else None,
                ours=ours.text if ours else None,
                theirs=theirs.text if theirs else None,
                difference=difference,
                currency=theirs.currency if kind == "currency_differs" and theirs else currency,
                place=row.place if row else None,
            )
        )
