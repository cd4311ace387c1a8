"""What a break may come from: the same rule, asked again with one thing changed."""

from collections.abc import Iterable, Iterator
from importlib import import_module

from sqlalchemy import Connection

from ledger.aggregates.reconciliation import Cause
from ledger.kernel.clocks import Clocks
from ledger.kernel.decision import Step
from ledger.kernel.errors import BadTerms, NoSuchLine, WrongPeriod
from ledger.kernel.money import Money
from ledger.programs.contract import Line
from ledger.programs.edition import Edition
from ledger.programs.registry import rules_of
from ledger.programs.variants import Variant
from ledger.usecases.settling.settle import settle

WHOLE_FROM = 40
"""From so many subjects on each variant is worked out once for all of them."""


class Likely:
    """Keeps every single change of terms, conditions or facts that gives exactly an amount."""

    def __init__(
        self, connection: Connection, edition: Edition, period: str | None, clocks: Clocks
    ) -> None:
        self.connection = connection
        self.edition = edition
        self.period = period
        self.clocks = clocks
        self._amounts: list[tuple[Variant, dict[str, Money]]] = []

    def load(self, lines: Iterable[str]) -> None:
        """Works the lines out under every variant."""
        subjects = {self._subject(line) for line in lines}
        module = import_module(f"ledger.programs.{self.edition.rules}.variants")
        for variant in module.of(self.edition):
            self._amounts.append((variant, self._under(variant, subjects)))

    def causes(self, name: str, ours: Line | None, theirs: Money) -> tuple[Cause, ...]:
        """Every change that gives exactly their amount and not ours, in the contract's order."""
        was = ours.amount if ours else Money.zero(theirs.currency)
        found: list[Cause] = []
        for variant, amounts in self._amounts:
            gives = amounts.get(name, Money.zero(was.currency))
            if gives == theirs and gives != was:
                detail = _detail(variant, ours)
                cause = Cause(because=variant.because, detail=detail, gives=gives.text)
                if cause not in found:
                    found.append(cause)
        return tuple(found)

    def _subject(self, line: str) -> tuple[str | None, str]:
        return rules_of(self.edition.rules).subject_of(line.partition("/")[2])

    def _under(self, variant: Variant, subjects: set[tuple[str | None, str]]) -> dict[str, Money]:
        if len(subjects) >= WHOLE_FROM:
            return {one.line: one.amount for one in self._settled(variant, None)}
        return {
            one.line: one.amount
            for _, subject in sorted(subjects, key=str)
            for one in self._settled(variant, subject)
        }

    def _settled(self, variant: Variant, subject: str | None) -> Iterator[Line]:
        try:
            found = settle(
                *(self.connection, variant.edition, self.clocks),
                period=self.period,
                subject=subject,
                assume=variant.assume,
                keep=variant.keep,
            )
        except (NoSuchLine, WrongPeriod, BadTerms):
            return  # changed like this the terms know no such line, or no such month
        yield from found.lines


def _detail(variant: Variant, ours: Line | None) -> str:
    """The change in words; for a ratio also the one that we used."""
    if variant.because != "governance_ratio" or ours is None:
        return variant.detail
    return f"{variant.detail} instead of {_ratio(ours.explanation)}"


def _ratio(tree: Step) -> str:
    for part in tree.parts:
        if part.code == "governance_ratio" and part.observed:
            return part.observed.rpartition(": ")[2].removeprefix("ratio ")
    return "none"
