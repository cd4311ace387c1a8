"""Likely causes of a break: the same rule, applied again with one thing changed."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection

from ledger.aggregates.reconciliation import Break, Cause
from ledger.kernel.clocks import Clocks
from ledger.kernel.decision import Step
from ledger.kernel.errors import BadTerms, WrongPeriod
from ledger.kernel.money import Money
from ledger.programs.edition import Edition
from ledger.programs.line import Line
from ledger.programs.registry import program_of
from ledger.programs.variants import Variant
from ledger.store.shared_orders import SharedOrders
from ledger.usecases.settling.settle import settle, subjects_of

ASKED = ("amount_differs", "outcome_differs", "missing_theirs", "missing_ours")
"""Kinds of breaks that another reading of the rule may explain."""


class Likely:
    """Finds every single change of terms, conditions or facts that gives exactly an amount, or
    the outcome of a decision."""

    def __init__(
        self, connection: Connection, edition: Edition, period: str | None, clocks: Clocks
    ) -> None:
        self.connection = connection
        self.edition = edition
        self.period = period
        self.clocks = clocks
        self._orders = SharedOrders()
        self._lines: list[tuple[Variant, dict[str, Line]]] = []

    def explained(self, breaks: list[Break], ours: Mapping[str, Line]) -> list[Break]:
        """The breaks with their likely causes."""
        asked = {break_.line for break_ in breaks if break_.kind in ASKED}
        if not asked:
            return breaks
        self.load(asked, ours)
        return [
            break_.model_copy(
                update={"likely": self.causes(break_.line, ours.get(break_.line), _theirs(break_))}
            )
            if break_.kind in ASKED
            else break_
            for break_ in breaks
        ]

    def load(self, names: Collection[str], ours: Mapping[str, Line]) -> None:
        """Works the lines out under every variant that may change one, all lines together."""
        subjects = subjects_of(self.edition, names)
        failed = _failed([ours[name] for name in names if name in ours])
        for variant in program_of(self.edition.rules).variants(self.edition):
            if variant.condition and variant.condition not in failed:
                continue  # every line already meets the condition
            by_name = {line.line: line for line in self._settled(variant, subjects)}
            self._lines.append((variant, by_name))

    def causes(self, name: str, ours: Line | None, theirs: Money | str) -> tuple[Cause, ...]:
        """Every change that gives exactly their amount or outcome and differs from ours, in the
        contract's order."""
        causes: list[Cause] = []
        for variant, lines in self._lines:
            was, gives = (_figure(line, theirs) for line in (ours, lines.get(name)))
            if gives == theirs and gives != was:
                text = gives.text if isinstance(gives, Money) else str(gives)
                detail = _detail(variant, ours)
                cause = Cause(because=variant.because, detail=detail, gives=text)
                if cause not in causes:
                    causes.append(cause)
        return tuple(causes)

    def _settled(self, variant: Variant, subjects: frozenset[str]) -> Sequence[Line]:
        try:
            return settle(
                *(self.connection, variant.edition, self.clocks),
                period=self.period,
                subjects=subjects,
                assume=variant.assume,
                keep=variant.keep,
                shared=self._orders,
            ).lines
        except (WrongPeriod, BadTerms):
            return ()  # the changed terms have no such month


def _failed(lines: Iterable[Line]) -> set[str]:
    """The codes of conditions that any of some lines does not meet, or not yet."""
    codes: set[str] = set()
    steps = [line.explanation for line in lines]
    while steps:
        step = steps.pop()
        if step.code and step.met is not True:
            codes.add(step.code)
        steps += step.parts
    return codes


def _figure(line: Line | None, like: Money | str) -> Money | str | None:
    """A line's amount or outcome, whichever `like` is, to be compared with it."""
    if isinstance(like, Money):
        amount = line.amount if line else None
        return amount or Money.zero(like.currency)
    return line.outcome if line else None


def _detail(variant: Variant, ours: Line | None) -> str:
    """The change in words; for a ratio with the one that we used."""
    if variant.because != "governance_ratio" or ours is None:
        return variant.detail
    return f"{variant.detail} instead of {_ratio(ours.explanation)}"


def _ratio(tree: Step) -> str:
    for part in tree.parts:
        if part.code == "governance_ratio" and part.observed:
            return part.observed.rpartition(": ")[2].removeprefix("ratio ")
    return "none"


def _theirs(break_: Break) -> Money | str:
    """Their amount, or the outcome of a decision."""
    if break_.currency is None:
        return break_.theirs or ""
    return (
        Money.parse(break_.theirs, break_.currency)
        if break_.theirs
        else Money.zero(break_.currency)
    )
