"""Proofs of a line, and of a whole statement, that show no row of anybody else.

Such a proof is one of the decision's event, which has the root of its line tree, with the rows and
their salts beside it: whoever checks works out that root, and then that of the log.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.settlement import AdjustedLine, LineTree, StatedLine, period_id
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import Refusal
from ledger.kernel.instants import Instant
from ledger.kernel.line_leaves import SaltedRow, range_of_rows
from ledger.kernel.merkle_checks import root_of_range
from ledger.kernel.money import Money, sum_by_currency
from ledger.kernel.notes import SignedNote
from ledger.kernel.proof_errors import BadProof
from ledger.kernel.proofs import InclusionProof
from ledger.store.book import Book
from ledger.store.line_secrets import kept_secrets
from ledger.usecases.evidence.proofs_of_facts import fact_with
from ledger.usecases.line_trees import (
    is_tree_of,
    place_to_payee,
    read_row,
    rows_of,
    salted_rows,
)
from ledger.usecases.looking.short_names import meaning, no_line, statement_meant
from ledger.usecases.statements.closed_period import (
    ClosedPeriod,
    Stating,
    closed_period,
    closed_periods,
)


class NotProvable(Refusal):
    """A line or statement of which no proof can be made."""


def prove_statement(
    book: Book, connection: Connection, statement: str, note: SignedNote
) -> tuple[InclusionProof, list[int]]:
    """Every row of a statement, by its id or a short name, as it was issued, in one proof; with the
    positions of its later adjustments, each of which is an event of that statement alone.

    Raises `NoSuchStatement`, `NotProvable`, and `BadProof` for more rows than a proof can hold.
    """
    statement = statement_meant(connection, statement, note.checkpoint.size)
    period = _period_of(connection, statement, note.checkpoint.size)
    stating = period.statings[0]
    places = [
        place for place, row in enumerate(rows_of(stating.statements)) if row.statement == statement
    ]
    adjusted = [event.position for event in period.adjusted if event.event.statement == statement]
    return _proved(book, connection, stating, (places[0], places[-1]), note), adjusted


def prove_line(
    book: Book, connection: Connection, line: str, note: SignedNote, *, now: Instant
) -> InclusionProof:
    """A line, by its id or a short name, as it was stated to its payee last, by the close or an
    adjustment. Raises `NoSuchLine`, `NotProvable`."""
    proof = _last_stated(book, connection, line, note)
    if proof is not None:
        return proof
    meant = meaning(connection, line, Clocks(now, note.checkpoint.size))
    if meant is None:
        raise no_line(line)
    proof = _last_stated(book, connection, meant.line, note)
    if proof is None:
        raise NotProvable(
            f"No statement has stated {meant.line} so far.",
            "Lines are proved once their period is closed: duebook report statements",
        )
    return proof


def _last_stated(
    book: Book, connection: Connection, line: str, note: SignedNote
) -> InclusionProof | None:
    for stating in _statings(connection, note.checkpoint.size):
        place = place_to_payee(rows_of(stating.statements), line)
        if place is not None:
            return _proved(book, connection, stating, (place, place), note)
    return None


def _statings(connection: Connection, known_at: int) -> Iterable[Stating]:
    """Whatever states rows, the last first."""
    for closed in reversed(closed_periods(connection, known_at)):
        seal = closed.event
        period = closed_period(connection, seal.program, seal.period, known_at)
        yield from reversed(period.statings)


def _period_of(connection: Connection, statement: str, known_at: int) -> ClosedPeriod:
    for closed in closed_periods(connection, known_at):
        seal = closed.event
        if statement.startswith(f"{period_id(seal.program, seal.period)}/"):
            period = closed_period(connection, seal.program, seal.period, known_at)
            if any(recorded.event.statement == statement for recorded in period.issued):
                return period
    raise NotProvable(
        f"No statement {statement} was issued by a close.", "duebook report statements lists them."
    )


def _proved(
    book: Book, connection: Connection, stating: Stating, places: tuple[int, int], note: SignedNote
) -> InclusionProof:
    decision = stating.decision
    tree = decision.event.line_tree
    if tree is None:
        raise NotProvable(
            f"Position {decision.position} was recorded without a tree over its lines.",
            "An earlier version closed it. What the event says can be proved: "
            f"duebook proof fact {decision.position}",
        )
    secrets = kept_secrets(book, connection)
    if secrets is None or tree.root not in secrets:
        why = "may not be read by this account" if secrets is None else "is not kept any more"
        raise NotProvable(
            f"The secret of the lines of position {decision.position} {why}: no line of it can be "
            "proved.",
            "It lies in the book's file .secrets, on a server in the table duebook_secrets.",
        )
    rows = salted_rows(secrets[tree.root], stating.statements)
    if not is_tree_of(tree, rows):
        raise NotProvable(
            f"The lines of position {decision.position} are not those of its tree.",
            "See what does not hold: duebook verify",
        )
    first, last = places
    said = {
        "first": first,
        "rows": [{"salt": row.salt.hex(), "text": row.text} for row in rows[first : last + 1]],
        "hashes": [value.hex() for value in range_of_rows(rows, first, last)],
    }
    return fact_with(connection, decision.position, note, said)


def checked_rows(says: Mapping[str, Any], said: Any) -> dict[str, Any]:
    """What rows show, of the decision whose event says so. Raises `BadProof`."""
    try:
        tree = LineTree.model_validate(says["line_tree"])
        rows = [SaltedRow(bytes.fromhex(row["salt"]), row["text"]) for row in said["rows"]]
        hashes = [bytes.fromhex(value) for value in said["hashes"]]
        leaves = [row.leaf() for row in rows]
        root = root_of_range(said["first"], leaves, tree.rows, hashes)
        places, lines = zip(*(read_row(row.text) for row in rows), strict=True)
        amounts = [_amount(line) for line in lines]
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, Refusal) as error:
        if isinstance(error, BadProof):
            raise
        raise BadProof("The proof does not say its lines as proofs do.") from None
    if root.hex() != tree.root:
        raise BadProof("The proof does not hold: the decision states no such lines.")
    totals = sum_by_currency([amount for amount in amounts if amount is not None])
    first = places[0]
    return {
        "proves": "lines",
        "statement": first.statement,
        "whole": list(places) == [first._replace(row=row) for row in range(1, first.rows + 1)],
        "lines": [line.model_dump(mode="json", exclude_defaults=True) for line in lines],
        "totals": {currency: money.text for currency, money in totals.items()},
    }


def _amount(line: StatedLine | AdjustedLine) -> Money | None:
    """What a row states, or of an adjustment by how much it changes."""
    amount = line.amount if isinstance(line, StatedLine) else line.difference
    if amount is None or line.currency is None:
        return None
    return Money.parse(amount, line.currency)
