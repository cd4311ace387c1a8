"""What was decided about a period: statements issued, the period closed, adjusted, paid."""

from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from ledger.aggregates.base import OwnEvent, Reference
from ledger.aggregates.fields import Amount, Id, Text

Codes = tuple[str, ...]
VOID = "void"
"""The outcome of a line that a payee no longer has."""


def period_id(program: str, period: str | None) -> str:
    """How a period is named: `PROGRAM`, or `PROGRAM/2020-05` where it settles by month."""
    return f"{program}/{period}" if period else program


class Sides(NamedTuple):
    """The two sides of a statement: the party it belongs to, from whose side amounts are seen, and
    the other side where that is not the platform."""

    payee: str
    payer: str = ""

    @property
    def text(self) -> str:
        """The end of a statement's id: `PAYEE[/PAYER]`."""
        return f"{self.payee}/{self.payer}" if self.payer else self.payee


def statement_id(program: str, period: str | None, sides: Sides) -> str:
    """How a statement is named: `PROGRAM[/PERIOD]/PAYEE[/PAYER]`."""
    return f"{period_id(program, period)}/{sides.text}"


def sides_of(statement: str) -> Sides:
    """The sides of a statement, read from its id: only parties are written with a colon."""
    return Sides(*(part for part in statement.split("/") if ":" in part))


class Frozen(BaseModel):
    """A part of an event."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class StatedLine(Frozen):
    """A line as it was issued on a statement: its result, without the decision.

    On the payer's statement it names the payee, and the sign of the amount is reversed.
    """

    line: str
    kind: str
    subject: str
    outcome: str
    amount: Annotated[Amount | None, Field(description="none for a decision")] = None
    currency: str | None = None
    unmet: Codes = ()
    held_for: Codes = ()
    payer: Annotated[str | None, Field(description="left out: the platform")] = None
    payee: Annotated[str | None, Field(description="on the payer's statement: the payee")] = None


class AdjustedLine(Frozen):
    """A line that has changed: what changed, by how much, and because of which facts.

    Amounts are None for a decision; on the payer's statement their signs are reversed.
    """

    line: str
    kind: str
    subject: str
    was: Amount | None = None
    now: Amount | None = None
    difference: Amount | None = None
    currency: str | None = None
    outcome: str
    outcome_was: str | None = None
    payer: Annotated[str | None, Field(description="left out: the platform")] = None
    payee: Annotated[str | None, Field(description="on the payer's statement: the payee")] = None
    unmet: Codes = ()
    held_for: Codes = ()
    because: tuple[int, ...] = ()
    filled: Codes = ()


class LineTree(Frozen):
    """The salted Merkle tree over the rows that a decision states."""

    root: str
    rows: int


class Carried(Frozen):
    """A balance of an earlier statement that a new one takes over."""

    statement: str
    amount: Amount
    currency: str


class TermsUsed(Frozen):
    """The terms that a decision is based on."""

    publisher: Id
    version: int
    digest: str
    position: int


class StatementEvent(OwnEvent):
    """An event in the stream of one party's statement for one period.

    `payee` is the party whose statement it is; for lines that are passed on it may be the payer.
    `payer` is the other side where the two settle between themselves.
    """

    rules: Id
    program: Id
    period: str | None = None
    zone: str
    payee: str
    payer: Annotated[str | None, Field(description="left out: the platform")] = None
    posting_date: Annotated[
        str | None,
        Field(description="the day of its entries; of a payment the bank's; left out: its own day"),
    ] = None
    salt: Annotated[
        str | None,
        Field(description="drawn, so that whoever holds a hash of the event cannot guess the rest"),
    ] = None

    @property
    def sides(self) -> Sides:
        """The two sides of the statement."""
        return Sides(self.payee, self.payer or "")

    @property
    def statement(self) -> str:
        """The statement's id."""
        return statement_id(self.program, self.period, self.sides)

    @property
    def stream(self) -> str:
        return f"statement:{self.statement}"

    def statement_of(self, party: str) -> str:
        """The id of another party's statement of the same period."""
        return statement_id(self.program, self.period, Sides(party))

    def moving_payers(self) -> tuple[Reference, ...]:
        """Index entries from other payers' statements to this event, which moves them too."""
        lines = () if self.payer else getattr(self, "lines", ())
        payers = {line.payer for line in lines if line.payer and line.currency}
        return tuple(Reference("moves", self.statement_of(payer)) for payer in sorted(payers))

    def references(self) -> tuple[Reference, ...]:
        return (
            Reference("statement", period_id(self.program, self.period)),
            Reference("payee", self.payee),
        )


class StatementIssued(StatementEvent):
    """A party's lines of a period, issued at its close."""

    TOPIC = "statement-issued.v1"

    lines: tuple[StatedLine, ...]
    brought_forward: tuple[Carried, ...] = ()

    def references(self) -> tuple[Reference, ...]:
        carried = sorted({carried.statement for carried in self.brought_forward})
        names = (Reference("carried", name) for name in carried)
        return (*super().references(), *names, *self.moving_payers())


class StatementAdjusted(StatementEvent):
    """The differences between closed lines as last stated and as they are with all known now."""

    TOPIC = "statement-adjusted.v1"

    lines: tuple[AdjustedLine, ...]
    as_of: int
    known_at: int
    closed: Annotated[int, Field(description="the position of the period's close")]
    digest: Annotated[str, Field(description="of the terms, with what later versions filled")]
    filled: dict[str, TermsUsed] = Field(
        default={}, description="parameters that a later version supplied"
    )
    adopted: Annotated[
        str | None, Field(description="the break whose figure of the platform was accepted")
    ] = None
    reason: Text | None = None
    line_tree: Annotated[LineTree | None, Field(description="over its lines")] = None

    def references(self) -> tuple[Reference, ...]:
        return (*super().references(), *self.moving_payers())


class PeriodClosed(OwnEvent):
    """A period is closed: the totals of its statements, and everything they are based on."""

    TOPIC = "period-closed.v1"

    rules: Id
    program: Id
    period: str | None = None
    first: str
    last: str
    as_of: int
    known_at: int
    head: Annotated[str, Field(description="hash of the log's head at known_at")]
    terms: TermsUsed
    rules_version: int
    lines: int
    statements: int
    totals: dict[str, str]
    decisions: Annotated[dict[str, int] | None, Field(description="per outcome, where any")] = None
    digest: Annotated[str, Field(description="sha256 over every line")]
    held: int = 0
    exceptions: int = 0
    left_open: Annotated[Text | None, Field(description="why it was closed all the same")] = None
    system_user: Annotated[
        str, Field(description="the account on the closing machine, of closes without an actor")
    ] = ""
    line_tree: Annotated[LineTree | None, Field(description="over the lines of its statements")] = (
        None
    )

    @property
    def stream(self) -> str:
        return f"period:{period_id(self.program, self.period)}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("closed-period", self.program),)


class PaymentMade(StatementEvent):
    """Money paid to the payee of a statement; negative: paid by the payee."""

    TOPIC = "payment-made.v1"

    amount: Amount
    currency: str
    ref: Text

    def references(self) -> tuple[Reference, ...]:
        return ()
