"""What a report of a close says: the answers of `settle`, `statement` and `report`, put together.

Every amount is one of those answers' own; nothing is worked out here but counts and sums of
what is shown.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from ledger.kernel.counted import counted
from ledger.kernel.instants import day_of
from ledger.kernel.money import Money, sum_by_currency
from ledger.kernel.shown import visible
from ledger.programs.chart import Bar, Chart, Mark, Meaning
from ledger.programs.line import Line
from ledger.programs.registry import program_of
from ledger.programs.words import words
from ledger.usecases.closing.reasons import with_reasons
from ledger.usecases.closing.standing_lines import standing
from ledger.usecases.exceptions.touching_close import exceptions_touching, surprises
from ledger.usecases.settling.explain import provenance
from ledger.usecases.settling.settle import Settlement, settle
from ledger.usecases.statements.statement import statement
from ledger.usecases.terms.runs import Run
from projections.pages.names import names_of
from projections.pictures.svg import Change
from projections.reports.reconciliation import rows as breaks_of

ORDER = ("payable", "granted", "declined", "held")
"""Of outcomes: what is payable first."""
OUTCOMES: tuple[Meaning, ...] = ("payable", "declined", "held")
AGES = ((0, "up to 7 days"), (8, "8 to 30 days"), (31, "31 to 90 days"), (91, "over 90 days"))
"""Classes of age, by their first day."""
FLOWS = (
    ("brought_forward", "brought forward"),
    ("issued", "issued"),
    ("adjusted", "adjusted"),
    ("carried_forward", "carried forward"),
    ("paid", "paid"),
)


@dataclass(frozen=True)
class CloseReport:
    """A period as its report shows it, at one pair of clocks."""

    settlement: Settlement
    head: dict[str, Any]
    statement: dict[str, Any] | None
    """The statements of a closed period; None of one that is open."""
    exceptions: Sequence[dict[str, Any]]
    breaks: Sequence[dict[str, Any]]
    facts: dict[int, dict[str, Any]]
    """Where the facts of all explanations came from, by position."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The recorded names of payees, of those that have one."""

    @property
    def zone(self) -> str:
        """The program's zone, in which instants are shown."""
        return self.settlement.edition.zone

    @property
    def lines(self) -> Sequence[Line]:
        """Its lines: as issued and adjusted where it is closed."""
        return self.settlement.lines

    def as_json(self) -> dict[str, Any]:
        """The report's figures, for programs."""
        return {
            **self.head,
            "lines": [line.as_json() for line in self.lines],
            "statements": self.statement["statements"] if self.statement else [],
            "adjustments": self.statement["adjustments"] if self.statement else [],
            "payments": self.statement["payments"] if self.statement else [],
            "seal": self.statement["seal"] if self.statement else None,
            "reasons": [
                {"outcome": outcome, "code": code, "lines": count}
                for outcome, code, count in self.reasons()
            ],
            "exceptions": list(self.exceptions),
            "breaks": list(self.breaks),
        }

    def reasons(self) -> list[tuple[str, str, int]]:
        """Why lines are declined or held: outcome, code, number of lines, most frequent first."""
        counts = Counter(
            (line.outcome, code)
            for line in self.lines
            for code in (line.unmet if line.outcome == "declined" else line.held_for)
        )
        ordered = sorted(counts.items(), key=lambda pair: (pair[0][0], -pair[1], pair[0][1]))
        return [(outcome, code, count) for (outcome, code), count in ordered]

    def by_payee(self) -> list[tuple[str, list[Line]]]:
        """The payees with their lines, by name."""
        lines: dict[str, list[Line]] = defaultdict(list)
        for line in self.lines:
            lines[line.payee].append(line)
        return sorted(lines.items())

    def totals(self, lines: Iterable[Line]) -> list[dict[str, Any]]:
        """Per outcome and currency the number of lines, and what they come to; decisions last."""
        groups: dict[tuple[str, str | None], list[Line]] = defaultdict(list)
        for line in lines:
            groups[line.outcome, line.currency].append(line)
        rows = []
        for (outcome, currency), own in groups.items():
            sums = sum_by_currency([line.amount for line in own if line.amount is not None])
            amount = sums[currency].text if currency else None
            row = {"outcome": outcome, "lines": len(own), "amount": amount, "currency": currency}
            rows.append(row)
        return sorted(rows, key=_in_order)

    def payees(self) -> list[dict[str, Any]]:
        """Per payee and currency the number of lines by outcome, and what is payable."""
        rows = []
        for payee, lines in self.by_payee():
            totals = self.totals(lines)
            for currency in dict.fromkeys(row["currency"] for row in totals):
                own = {row["outcome"]: row for row in totals if row["currency"] == currency}
                counts = {name: own[name]["lines"] if name in own else 0 for name in ORDER}
                zero = {"amount": Money(0, currency).text if currency else None}
                amount = own.get("payable", zero)["amount"]
                rows.append({"payee": payee, **counts, "amount": amount, "currency": currency})
        return rows

    def charts(self) -> Iterator[Chart]:
        """Outcomes by payee, reasons, the program's own, and how old held lines and breaks are."""
        if self.lines:
            yield self._outcomes()
        if self.reasons():
            yield self._reasons()
        yield from program_of(self.settlement.edition.rules).charts(self.lines)
        yield from self._ages()

    def _outcomes(self) -> Chart:
        bars = []
        for payee, lines in self.by_payee():
            counts = Counter(
                "payable" if line.outcome == "granted" else line.outcome for line in lines
            )
            marks = [
                Mark(Decimal(counts[outcome]), f"{counts[outcome]} {outcome}", outcome)
                for outcome in OUTCOMES
                if counts[outcome]
            ]
            label = f"{payee} {visible(self.names.get(payee, ''))}".rstrip()
            bars.append(Bar(label, tuple(marks)))
        about = "The number of lines of each payee that are payable or granted, declined, held."
        return Chart("outcomes", "Outcomes by payee", about, tuple(bars))

    def _reasons(self) -> Chart:
        phrases = words()
        bars = [
            Bar(
                phrases.get(code, code),
                (
                    Mark(
                        Decimal(count),
                        f"{counted(count, 'line')} {outcome}",
                        "held" if outcome == "held" else "declined",
                    ),
                ),
            )
            for outcome, code, count in self.reasons()
        ]
        about = "How many lines each reason declines or holds; a line may have several."
        return Chart("reasons", "Why lines are declined or held", about, tuple(bars))

    def _ages(self) -> Iterator[Chart]:
        today = day_of(self.settlement.clocks.as_of, self.zone)
        end = self.settlement.days.last if self.settlement.days else None
        held = [line for line in self.lines if line.outcome == "held"]
        if held and end is not None and today > end:
            ages = [(today - end).days] * len(held)
            about = "Held lines by the days since the period's last day."
            yield _aged("held-ages", "How long lines have been held", about, ages, "held line")
        open_ = [row["days"] for row in self.breaks if row["state"] == "open"]
        if open_:
            about = "Open breaks with the platform's file by the days since they were found."
            yield _aged("break-ages", "How old open breaks are", about, open_, "break")

    def waterfalls(self) -> Iterator[tuple[str, list[Change]]]:
        """Per currency of the statements from what was brought forward to what is open."""
        rows = self.statement["statements"] if self.statement else []
        for currency in sorted({row["currency"] for row in rows}):
            own = [row for row in rows if row["currency"] == currency]
            sums = {
                name: sum((Decimal(row[name] or 0) for row in own), Decimal(0)) for name, _ in FLOWS
            }
            if any(row["open"] is None for row in own):
                continue  # of money that is held: facts pay it, and nothing is open
            changes = [
                Change(label, -sums[name] if name == "paid" else sums[name], "")
                for name, label in FLOWS
                if sums[name] or name in ("issued", "paid")
            ]
            left = sum((Decimal(row["open"]) for row in own), Decimal(0))
            changes.append(Change("open", left, "", total=True))
            yield (
                currency,
                [c._replace(text=f"{c.size:,f} {currency}") for c in changes],
            )


def _in_order(row: dict[str, Any]) -> tuple[bool, int, str]:
    outcome = row["outcome"]
    place = ORDER.index(outcome) if outcome in ORDER else len(ORDER)
    return row["currency"] is None, place, row["currency"] or ""


def _aged(name: str, title: str, about: str, days: Sequence[int], noun: str) -> Chart:
    bars = []
    for at, (first, label) in enumerate(AGES):
        until = AGES[at + 1][0] if at + 1 < len(AGES) else None
        count = sum(first <= day and (until is None or day < until) for day in days)
        mark = Mark(Decimal(count), counted(count, noun), "held")
        bars.append(Bar(label, (mark,)))
    return Chart(name, title, about, tuple(bars))


def close_report(connection: Connection, run: Run, period: str | None) -> CloseReport:
    """The report of a program's period at the run's clocks: as issued and adjusted where it is
    closed, else as it would be closed. Raises what `settle` raises, and `NoLines`."""
    edition, clocks = run.edition, run.clocks
    program_of(edition.rules).refuse_without_lines(edition)
    settlement = standing(connection, edition.program, period, clocks)
    fresh = settle(connection, edition, clocks, period=period, examine=surprises)
    stated = None
    if settlement is None:
        settlement = fresh
    else:
        stated = statement(connection, edition.program, period, None, clocks)
        if stated["adjustments"]:
            with_reasons(connection, stated, edition.program, period, clocks, None)
    positions = {position for line in settlement.lines for position in line.explanation.positions()}
    name = f"{edition.program}/{period}" if period else edition.program
    return CloseReport(
        settlement,
        settlement.head_json() | {"stands": settlement.stands},
        stated,
        exceptions_touching(connection, fresh, fresh.examined),
        [row for row in breaks_of(connection, clocks) if row["break"].startswith(f"{name}/")],
        {row["position"]: row for row in provenance(connection, positions)},
        names_of(connection, {line.payee for line in settlement.lines}, clocks.known_at),
    )
