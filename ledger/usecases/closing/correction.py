"""A closed line that differs from what was last stated to its payee."""

from typing import Any, NamedTuple

from ledger.aggregates.settlement import VOID, AdjustedLine
from ledger.kernel.decision import Step
from ledger.kernel.money import Money
from ledger.programs.line import PLATFORM, Change, Line
from ledger.usecases.closing.changed_orders import Orders, told
from ledger.usecases.closing.reasons import in_words


class Correction(NamedTuple):
    """A line that differs from what was last stated to its payee, and the cause."""

    change: Change
    because: tuple[int, ...]
    filled: tuple[str, ...]
    orders: Orders | None = None
    """The orders that made the difference, for lines that depend on orders."""

    def row(self, *, to_payer: bool = False) -> AdjustedLine:
        """The row as it is recorded; on the payer's statement with the signs reversed."""
        was, now = self.change.was, self.change.now
        line, difference = self.change.line, self.change.difference
        zero = None if difference is None else Money.zero(difference.currency)
        amounts = {
            "was": was.amount if was else None,
            "now": (now.amount if now else None) or zero,
            "difference": difference,
        }
        sides = {
            name: (amount.negated() if to_payer else amount).text if amount else None
            for name, amount in amounts.items()
        }
        return AdjustedLine(
            line=line.line,
            kind=line.kind,
            subject=line.subject,
            **sides,
            currency=difference.currency if difference else None,
            outcome=now.outcome if now else VOID,
            outcome_was=self.change.outcome_was(),
            payer=None if to_payer or line.payer == PLATFORM else line.payer,
            payee=line.payee if to_payer else None,
            unmet=now.unmet if now else (),
            held_for=now.held_for if now else (),
            because=self.because,
            filled=self.filled,
        )

    def as_json(self, *, to_payer: bool = False) -> dict[str, Any]:
        """The change in the shape of the public contract."""
        row = self.row(to_payer=to_payer)
        return {
            "line": row.line,
            "payer": self.change.line.payer,
            "payee": self.change.line.payee,
            "was": row.was,
            "now": row.now,
            "difference": row.difference,
            "currency": row.currency,
            "outcome": row.outcome,
            "outcome_was": row.outcome_was,
            "unmet": list(row.unmet),
            "held_for": list(row.held_for),
            "why": in_words(row.outcome, (*row.unmet, *row.held_for), _tree(self.change.now)),
            "because": list(row.because),
            "filled": list(row.filled),
            **({} if self.orders is None else told(self.orders)),
            **({"side": "payer"} if to_payer else {}),
        }


def _tree(line: Line | None) -> Step | None:
    return line.explanation if line else None
