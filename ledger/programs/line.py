"""A line: a decision about one subject, with one payer, one payee and perhaps an amount.

The content of a line is defined only here: what a close seals, and what is stored, compared and
shown. A positive amount goes from payer to payee, a negative one from payee to payer.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from ledger.aggregates.settlement import AdjustedLine, StatedLine
from ledger.kernel.decision import Later, Step, built
from ledger.kernel.money import Money

PLATFORM = "platform"
Outcome = Literal["payable", "granted", "declined", "held"]
UNEXPLAINED = Step("as stated")
"""The explanation of a line read back from a statement: statements keep results, not reasons."""


class Line(NamedTuple):
    """What is due for one subject from payer to payee, or decided about it, and why.

    A line with an amount is payable, declined or held, and zero unless payable. A line without
    one is a decision: granted, declined or held.
    """

    line: str
    kind: str
    payer: str
    payee: str
    subject: str
    outcome: str
    amount: Money | None
    unmet: tuple[str, ...] = ()
    held_for: tuple[str, ...] = ()
    explained: Step | Later = UNEXPLAINED
    """Its explanation, or how to build it."""

    @property
    def explanation(self) -> Step:
        """How it came about; built when it is first asked for."""
        return built(self.explained)

    def unexplained(self) -> "Line":
        """The line without its explanation, and without what that would be built from."""
        return self._replace(explained=UNEXPLAINED)

    def said(self) -> tuple[object, ...]:
        """The line without its explanation: two lines are the same if and only if this is equal."""
        return (
            *(self.line, self.kind, self.payer, self.payee, self.subject),
            *(self.outcome, self.amount, self.unmet, self.held_for),
        )

    def sealed(self) -> list[object]:
        """The sealed fields. The platform as payer is left out: older seals have no payers."""
        sealed: list[object] = [
            *(self.line, self.kind, self.payee, self.subject, self.outcome),
            *(self.amount_text, self.currency, list(self.unmet), list(self.held_for)),
        ]
        return sealed if self.payer == PLATFORM else [*sealed, self.payer]

    def turned(self) -> "Line":
        """The line from the payer's side: with the opposite sign."""
        return self._replace(amount=self.amount.negated() if self.amount else None)

    def stated(self, *, to_payer: bool = False) -> StatedLine:
        """The line as a statement keeps it; on the payer's statement with the sign reversed."""
        amount = self.turned().amount if to_payer else self.amount
        return StatedLine.model_construct(
            line=self.line,
            kind=self.kind,
            subject=self.subject,
            outcome=self.outcome,
            amount=amount.text if amount else None,
            currency=self.currency,
            unmet=self.unmet,
            held_for=self.held_for,
            payer=None if to_payer or self.payer == PLATFORM else self.payer,
            payee=self.payee if to_payer else None,
        )

    def as_json(self) -> dict[str, Any]:
        """The line in the shape of the public contract."""
        explanation = self.explanation
        return {
            "line": self.line,
            "kind": self.kind,
            "payer": self.payer,
            "payee": self.payee,
            "subject": self.subject,
            "outcome": self.outcome,
            "amount": self.amount_text,
            "currency": self.currency,
            "unmet": list(self.unmet),
            "held_for": list(self.held_for),
            "explanation": {} if explanation == UNEXPLAINED else explanation.as_json(),
        }

    @property
    def amount_text(self) -> str | None:
        """The amount as a decimal string; None for a decision."""
        return self.amount.text if self.amount else None

    @property
    def currency(self) -> str | None:
        """The amount's commodity; None for a decision."""
        return self.amount.currency if self.amount else None


def line_of(stated: StatedLine, holder: str) -> Line:
    """The line as issued on the statement of `holder`, its payee."""
    return _line(stated, holder, stated.amount)


def line_now(row: AdjustedLine, holder: str) -> Line:
    """The line as it is after an adjustment."""
    return _line(row, holder, row.now)


def _line(kept: StatedLine | AdjustedLine, holder: str, text: str | None) -> Line:
    assert kept.payee is None, f"{kept.line}: this is the payer's side of the line"
    money = None if text is None or kept.currency is None else Money.parse(text, kept.currency)
    return Line(
        line=kept.line,
        kind=kept.kind,
        payer=kept.payer or PLATFORM,
        payee=holder,
        subject=kept.subject,
        outcome=kept.outcome,
        amount=money,
        unmet=kept.unmet,
        held_for=kept.held_for,
    )


class Change(NamedTuple):
    """A line before and after a change; None: there is no such line."""

    was: Line | None
    now: Line | None

    @property
    def line(self) -> Line:
        """The line as it is now, or as it last was."""
        line = self.now or self.was
        assert line is not None
        return line

    @property
    def difference(self) -> Money | None:
        """How much more the payee is due; None where no money is involved."""
        amounts = [line.amount for line in (self.now, self.was) if line and line.amount]
        if not amounts:
            return None
        zero = Money.zero(amounts[0].currency)
        now = self.now.amount if self.now and self.now.amount else zero
        was = self.was.amount if self.was and self.was.amount else zero
        return now.plus(was.negated())

    def outcome_was(self) -> str | None:
        """The outcome before."""
        return self.was.outcome if self.was else None


def changes(before: Iterable[Line], after: Iterable[Line]) -> list[Change]:
    """The lines that differ between two sets, by id: the only comparison of sets of lines.

    A line with another payee or payer is a different line: the old one is gone, the new one added.
    """
    old = {line.line: line for line in before}
    new = {line.line: line for line in after}
    changes = []
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        if was is None or now is None or (was.payer, was.payee) == (now.payer, now.payee):
            if (was.said() if was else None) != (now.said() if now else None):
                changes.append(Change(was, now))
        else:
            changes += sorted(
                (Change(was, None), Change(None, now)), key=lambda change: change.line.payee
            )
    return changes


def digest_of(lines: Iterable[Line]) -> str:
    """sha256 over the sealed fields of every line, in the order of ids, as JSON without blanks."""
    sealed = sorted((line.sealed() for line in lines), key=lambda fields: str(fields[0]))
    text = json.dumps(sealed, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def is_consistent(line: Line) -> bool:
    """Whether the line's outcome and amount go together: see `Line`."""
    if line.amount is None:
        return line.outcome in ("granted", "declined", "held")
    if line.amount.minor:
        return line.outcome == "payable"
    return line.outcome in ("payable", "declined", "held")
