"""The tree over the rows that a decision states, whose root the decision's event has in it.

The rows of a close are those of all its statements, sorted by payee and statement, so that those of
one payee and of one statement stand together; each adjustment of a statement has a tree of its own.
"""

import json
import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from ledger.aggregates.base import OwnEvent
from ledger.aggregates.settlement import (
    AdjustedLine,
    LineTree,
    PeriodClosed,
    StatedLine,
    StatementAdjusted,
    StatementEvent,
    StatementIssued,
)
from ledger.kernel.line_leaves import SALT, SECRET, SaltedRow, root_of_rows, salted

STATING = (PeriodClosed, StatementAdjusted)
"""The decisions that have a tree."""
Stating = StatementIssued | StatementAdjusted


class Place(NamedTuple):
    """Where a row stands: of which statement, and which one of how many there."""

    statement: str
    row: int
    rows: int


class TreeRow(NamedTuple):
    """A row of a statement in its tree, and what its leaf says."""

    statement: str
    line: str
    to_payee: bool
    """Whether it is on the payee's statement; else on the payer's, of the same line."""
    text: str


def rows_of(events: Sequence[Stating]) -> list[TreeRow]:
    """The rows of statements in the order of their tree.

    A leaf says where its row stands and what the event says of the line, so that whoever has all
    rows of a statement can tell.
    """
    ordered = sorted(events, key=lambda event: (event.payee, event.statement))
    return [
        TreeRow(event.statement, line.line, line.payee is None, _text(event, number, line))
        for event in ordered
        for number, line in enumerate[StatedLine | AdjustedLine](event.lines, 1)
    ]


def place_to_payee(rows: Sequence[TreeRow], line: str) -> int | None:
    """Where a line stands as it was stated to its payee; None where it was not."""
    places = (place for place, row in enumerate(rows) if row.line == line and row.to_payee)
    return next(places, None)


def _text(event: Stating, number: int, line: StatedLine | AdjustedLine) -> str:
    said: dict[str, Any] = Place(event.statement, number, len(event.lines))._asdict()
    said |= line.model_dump(mode="json", exclude_defaults=True)
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read_row(text: str) -> tuple[Place, StatedLine | AdjustedLine]:
    """Where a row stands and what it states, from the text of its leaf.

    Raises `ValueError` and what else a text raises that no leaf has.
    """
    said = json.loads(text)
    place = Place(*(said.pop(name) for name in Place._fields))
    if not (isinstance(place.statement, str) and type(place.row) is type(place.rows) is int):
        raise ValueError("a row stands nowhere")
    kind = AdjustedLine if "difference" in said or "outcome_was" in said else StatedLine
    return place, kind.model_validate(said)


def salted_rows(secret: bytes, events: Sequence[Stating]) -> list[SaltedRow]:
    """The rows of statements with the salts of a secret."""
    return salted(secret, [row.text for row in rows_of(events)])


def is_tree_of(tree: LineTree, rows: Sequence[SaltedRow]) -> bool:
    """Whether a decision's tree is the one over these rows."""
    return len(rows) == tree.rows and root_of_rows(rows).hex() == tree.root


def with_salt(event: OwnEvent) -> OwnEvent:
    """The event of a statement with a salt; others as they are.

    Few things are not known of a neighbour's statement but its amount, and proofs of the log have
    hashes of neighbouring events in them.
    """
    if not isinstance(event, StatementEvent):
        return event
    return event.model_copy(update={"salt": secrets.token_hex(SALT)})


def with_trees(events: Sequence[OwnEvent]) -> tuple[list[OwnEvent], dict[str, bytes]]:
    """Decisions with the roots of what they state, and per root the secret that is to be kept."""
    issued = [event for event in events if isinstance(event, StatementIssued)]
    kept: dict[str, bytes] = {}
    sealed: list[OwnEvent] = []
    for event in events:
        if isinstance(event, PeriodClosed):
            event = event.model_copy(update={"line_tree": _grown(issued, kept)})
        elif isinstance(event, StatementAdjusted):
            event = event.model_copy(update={"line_tree": _grown([event], kept)})
        sealed.append(event)
    return sealed, kept


def _grown(stating: Sequence[Stating], kept: dict[str, bytes]) -> LineTree | None:
    secret = secrets.token_bytes(SECRET)
    rows = salted_rows(secret, stating)
    if not rows:
        return None
    root = root_of_rows(rows).hex()
    kept[root] = secret
    return LineTree(root=root, rows=len(rows))
