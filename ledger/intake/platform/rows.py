"""What the platform says, row by row, whatever file it came in."""

from typing import Any, NamedTuple

from ledger.kernel.errors import Refusal
from ledger.kernel.money import Money
from ledger.kernel.shown import visible

SHOWN_MAX = 20


class PlatformRow(NamedTuple):
    """One row of the platform's file. It names a line, or a store (and kind), or an order, and
    says an amount, or the outcome of a decision."""

    place: int
    line: str | None
    store: str | None
    kind: str | None
    order: str | None
    amount: Money | None
    other: dict[str, str]
    """Columns that were not asked for: kept and shown."""
    outcome: str | None = None
    payer: str | None = None

    def flipped(self) -> "PlatformRow":
        """The row with the other sign."""
        return self._replace(amount=self.amount.negated()) if self.amount else self


class Problem(NamedTuple):
    """Why a row of the platform's file cannot be used."""

    place: int
    code: str
    sentence: str

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


class PlatformFile(NamedTuple):
    """A file of the platform, read and checked whole."""

    name: str
    sha256: str
    rows: list[PlatformRow]
    nameless: int = 0
    """Columns without a name, which were passed over."""
    totals: int = 0
    """Rows that sum others, which were checked."""


class StoreNeeded(Refusal):
    """A file without a store column, and nobody said which store it is of."""

    kind = "usage"


class StoreUnknown(Refusal):
    """A file said to be of a store that the book does not know."""


class BadPlatformFile(Refusal):
    """A file of the platform that cannot be used: every problem of it, with its row."""

    several_lines = True

    def __init__(self, sentence: str, hint: str = "", **facts: object) -> None:
        lines = map(visible, sentence.split("\n"))
        super().__init__("\n".join(lines), hint, **facts)


def refuse(name: str, problems: list[Problem]) -> None:
    """Raises `BadPlatformFile` with the first problems, if there are any."""
    if not problems:
        return
    shown = [
        visible(f"{name}:{one.place}: {one.code}: {one.sentence}") for one in problems[:SHOWN_MAX]
    ]
    more = len(problems) - SHOWN_MAX
    if more > 0:
        shown.append(f"... and {more} more")
    raise BadPlatformFile(
        f"{len(problems)} rows of {visible(name)} cannot be used.\n" + "\n".join(shown),
        "Nothing was compared. Mend the rows, or ask the platform for the file again.",
        problems=[one.as_json() for one in problems],
    )
