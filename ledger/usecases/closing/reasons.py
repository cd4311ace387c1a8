"""Why an adjustment was made: in words for its recipient, with the facts and their sources."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.base import Logged
from ledger.aggregates.settlement import VOID, AdjustedLine
from ledger.kernel.clocks import Clocks
from ledger.kernel.decision import Step
from ledger.usecases.closing.changed_orders import changed_orders
from ledger.usecases.closing.changed_orders import told as told_of_orders
from ledger.usecases.closing.standing_lines import terms_of_lines
from ledger.usecases.settling.explain import provenance
from ledger.usecases.settling.settle import settle, subjects_of
from ledger.usecases.statements.closed_period import ClosedPeriod, closed_period

TOLD = ("position", "type", "at", "file", "line")
"""The fields of a fact that are shown."""


class Reasons:
    """Why the adjustments of a closed period were made."""

    def __init__(self, connection: Connection, known: ClosedPeriod) -> None:
        self.connection, self.known = connection, known
        self._rows = {
            (recorded.position, row.line, row.payee is not None): (recorded, row)
            for recorded in known.adjusted
            for row in recorded.event.lines
        }

    @cached_property
    def trees(self) -> dict[tuple[int, str], Step]:
        """The steps to what an adjustment states, by its position and the line."""
        return _trees(self.connection, self.known)

    def told_in(self, answer: dict[str, Any], *, to_payee: bool) -> dict[str, Any]:
        """A statement's answer with the reasons of each adjustment: `why` in words, and `facts`,
        the type, instant, file and row of each fact that caused it; and `explanation`, the steps
        to what stands now.

        A payee sees nothing about other parties, not even in explanations, and no internal
        reasons.
        """
        for adjustment in answer["adjustments"]:
            key = (adjustment["position"], adjustment["line"], adjustment.get("side") == "payer")
            recorded, row = self._rows[key]
            tree = self.trees.get((recorded.position, row.line))
            facts = provenance(self.connection, set(row.because))
            if to_payee:
                tree = tree.for_payee() if tree else None
                facts = [fact for fact in facts if _concerns(fact, row, tree)]
                adjustment["because"] = [fact["position"] for fact in facts]
            adjustment["why"] = _why(recorded, row, tree)
            adjustment["unmet"], adjustment["held_for"] = list(row.unmet), list(row.held_for)
            adjustment["facts"] = [{key: fact[key] for key in TOLD} for fact in facts]
            # Of a figure that was accepted the steps lead to another one, ours.
            shown = tree if tree and recorded.event.adopted is None else None
            adjustment["explanation"] = shown.as_json() if shown else {}
        _add_orders(self.connection, answer["adjustments"], self.known)
        return answer


def with_reasons(
    connection: Connection,
    answer: dict[str, Any],
    program: str,
    period: str | None,
    clocks: Clocks,
    payee: str | None = None,
) -> dict[str, Any]:
    """A statement's answer with why its adjustments were made; see `Reasons`."""
    known = closed_period(connection, program, period, clocks.known_at, clocks.as_of)
    return Reasons(connection, known).told_in(answer, to_payee=payee is not None)


def _add_orders(connection: Connection, rows: list[dict[str, Any]], known: ClosedPeriod) -> None:
    """Adds to the adjustments of lines that depend on orders the orders that made the difference.
    Of `OrdersArchived` events, `facts` then keeps only those that brought one of them."""
    stated_at = {line.line: known.clocks for line in known.as_issued}
    events = {event.position: event.event for event in known.adjusted}
    by_clocks: dict[Clocks, list[dict[str, Any]]] = defaultdict(list)
    for adjustment in sorted(rows, key=lambda row: int(row["position"])):
        event = events[adjustment["position"]]
        by_clocks[Clocks(event.as_of, event.known_at)].append(adjustment)
    for now, own in by_clocks.items():
        lines = {adjustment["line"] for adjustment in own}
        edition = terms_of_lines(connection, known, now)
        stated = [(line, stated_at.get(line, known.clocks)) for line in sorted(lines)]
        orders_by_line = changed_orders(connection, edition, known.seal.period, stated, now)
        stated_at |= dict.fromkeys(lines, now)
        for adjustment in own if orders_by_line else ():
            orders = orders_by_line[adjustment["line"]]
            archived = {order["archived"] for order in orders}
            adjustment |= told_of_orders(orders)
            adjustment["facts"] = [
                fact
                for fact in adjustment["facts"]
                if fact["type"] != "OrdersArchived" or fact["position"] in archived
            ]


def _concerns(fact: dict[str, Any], row: AdjustedLine, tree: Step | None) -> bool:
    """Whether a fact is about the line's own subject, or in the explanation its payee sees."""
    own: bool = fact["stream"] == row.subject
    return own or (tree is not None and fact["position"] in tree.positions())


def _trees(connection: Connection, known: ClosedPeriod) -> dict[tuple[int, str], Step]:
    """The explanation of each line, by the adjustment's position and the line."""
    trees: dict[tuple[int, str], Step] = {}
    for recorded in known.adjusted:
        event = recorded.event
        clocks = Clocks(event.as_of, event.known_at)
        edition = terms_of_lines(connection, known, clocks)
        subjects = subjects_of(edition, {row.line for row in event.lines})
        run = settle(connection, edition, clocks, period=known.seal.period, subjects=subjects)
        trees |= {(recorded.position, line.line): line.explanation for line in run.lines}
    return trees


def _why(recorded: Logged, row: AdjustedLine, tree: Step | None) -> str:
    """One sentence: the reason that was given, the conditions that fail or are pending, or the
    rule."""
    if recorded.event.adopted is not None:
        return f"the platform's figure, accepted: {recorded.event.reason}"
    return in_words(row.outcome, (*row.unmet, *row.held_for), tree)


def in_words(outcome: str, codes: Collection[str], tree: Step | None) -> str:
    """Why a line has its result: the conditions that fail or are pending, or what was done."""
    if outcome == VOID or tree is None:
        return "nothing makes the line any more"
    reasons = list(dict.fromkeys(tree.reasons())) if codes else []
    return "; ".join(reasons) or tree.observed or "; ".join(_steps(tree)) or tree.label


def _steps(tree: Step) -> Iterator[str]:
    """The result of each step of an amount."""
    for part in tree.parts:
        amount = f"{part.amount.text} {part.amount.currency}" if part.amount else ""
        said = ", ".join(filter(None, (part.observed, amount)))
        yield f"{part.label}: {said}" if said else part.label
