"""What a package of evidence of a closed period holds, gathered from one state of the book.

Of a whole period: every event of the log, so that its root is worked out anew, and the rows of the
line trees with their salts. Of one payee: proofs of the events of that payee's statements, so that
nothing of anybody else is shown.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, select

from ledger.aggregates.settlement import sides_of
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import LogBroken
from ledger.kernel.notes import SignedNote
from ledger.store import chain
from ledger.store.book import Book
from ledger.store.line_secrets import kept_secrets
from ledger.store.log import fetch
from ledger.store.schema import events
from ledger.usecases.closing.every_statement import names_of_party
from ledger.usecases.closing.reasons import Reasons
from ledger.usecases.evidence.checkpoints import checkpoint_of
from ledger.usecases.evidence.proofs_of_facts import FIELDS, UNREADABLE, prove_fact
from ledger.usecases.line_trees import is_tree_of, salted_rows
from ledger.usecases.statements.closed_period import ClosedPeriod
from ledger.usecases.statements.fingerprint import fingerprinted
from ledger.usecases.statements.statement import StatedPeriod, Whose

Progress = Callable[[str, int], None]
AT_ONCE = 5_000
"""Events between two words of progress."""


@dataclass(frozen=True)
class Evidence:
    """A closed period, or a payee's part of it, as a checkpoint of the whole log has it."""

    book: Book
    connection: Connection
    note: SignedNote
    stated: StatedPeriod
    names: list[str]
    """The ids of the statements."""
    payee: str | None

    @classmethod
    def gathered(
        cls,
        book: Book,
        connection: Connection,
        note: SignedNote,
        program: str,
        period: str | None,
        payee: str | None,
    ) -> "Evidence":
        """The evidence of a closed period, or of a payee's statements of it.

        Raises `UnknownProgram`, `NotClosed`, `NoSuchStatement`.
        """
        clocks = Clocks(FOREVER, note.checkpoint.size)
        stated = StatedPeriod.at(connection, program, period, clocks)
        names = names_of_party(connection, clocks, program, period, payee)
        if payee is not None:
            stated.answer(Whose(payee), explained=False)  # refuses a payee without a statement
            payee = Whose(payee).among(map(sides_of, stated.statements)).party
        return cls(book, connection, note, stated, names, payee)

    @property
    def known(self) -> ClosedPeriod:
        """The period as it was decided."""
        return self.stated.known

    @property
    def size(self) -> int:
        """How many events the log has."""
        return self.note.checkpoint.size

    def statements(self, progress: Progress) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each statement's id and answer. A payee's own is as it is sent to them; of a whole period
        they have no explanations, which `explanations` gives in full."""
        whole = self.payee is None
        for name in self.names:
            answer = self.stated.answer(Whose(sides=sides_of(name)), explained=not whole)
            answer = self._reasons.told_in(answer, to_payee=not whole)
            if whole:
                for row in (*answer["lines"], *answer["adjustments"]):
                    row.pop("explanation", None)
            yield name, fingerprinted(answer, self.note.checkpoint.origin, name)
            progress("writing statements", 1)

    def explanations(self) -> Iterator[dict[str, Any]]:
        """Every line of the close with its explanation, and each that was adjusted with that at the
        adjustment's position."""
        for line in self.stated.run.lines:
            yield {"line": line.line, "explanation": line.explanation.as_json()}
        for (position, name), tree in sorted(self._reasons.trees.items()):
            yield {"line": name, "position": position, "explanation": tree.as_json()}

    @cached_property
    def _reasons(self) -> Reasons:
        return Reasons(self.connection, self.known)

    def at_close(self) -> SignedNote:
        """The checkpoint of the log as the close left it, unsigned."""
        return SignedNote(checkpoint_of(self.connection, self.known.closed.position))

    def log(self, progress: Progress) -> Iterator[dict[str, Any]]:
        """Every event, as it is hashed. Raises `LogBroken` where the chain does not hold."""
        previous = chain.GENESIS
        c = events.c
        columns = [c[name] for name in ("position", *FIELDS, "hash")]
        query = select(*columns).where(c.position <= self.size).order_by(c.position)
        for number, row in enumerate(fetch(self.connection, query), 1):
            try:
                said, link = _as_hashed(row, previous)
            except UNREADABLE:
                said, link = {}, b""
            previous = bytes(row[-1])
            if link != previous or row[0] != number:
                raise LogBroken(
                    f"Position {number:,} is not what its hash is of: this book proves nothing.",
                    "See what does not hold: duebook verify",
                )
            yield said
            if not number % AT_ONCE:
                progress("writing events", AT_ONCE)

    def decisions(self) -> Iterator[tuple[int, list[dict[str, str]]]]:
        """The positions of the close and its adjustments, each with the rows of its tree: salt and
        text. Those whose secret is lost, and of earlier versions, have none: see `without_lines`.
        """
        kept = self._secrets
        for decision, statements in self.known.statings:
            tree = decision.event.line_tree
            if tree is None or tree.root not in kept:
                continue
            rows = salted_rows(kept[tree.root], statements)
            if not is_tree_of(tree, rows):
                raise LogBroken(
                    f"The lines of position {decision.position:,} are not those of its tree.",
                    "See what does not hold: duebook verify",
                )
            yield decision.position, [{"salt": row.salt.hex(), "text": row.text} for row in rows]

    @cached_property
    def without_lines(self) -> list[int]:
        """Positions of decisions whose lines cannot be given with their salts."""
        return [
            decision.position
            for decision, statements in self.known.statings
            if any(statement.lines for statement in statements)
            and (
                decision.event.line_tree is None
                or decision.event.line_tree.root not in self._secrets
            )
        ]

    @cached_property
    def _secrets(self) -> dict[str, bytes]:
        """By the roots of their trees; none where they may not be read."""
        return kept_secrets(self.book, self.connection) or {}

    def proofs(self) -> Iterator[tuple[int, str]]:
        """Proofs of the close, its terms, and the payee's statements with all that was decided and
        paid about them: position and text.

        Facts are left out: a proof has hashes of neighbouring events in it, by which whoever
        guesses one of somebody else could see that they are right. Statements have salts.
        """
        decided = (*self.known.issued, *self.known.adjusted, *self.known.payments)
        own = {recorded.position for recorded in decided if recorded.event.statement in self.names}
        own |= {self.known.closed.position, self.known.seal.terms.position}
        for position in sorted(own):
            yield position, prove_fact(self.connection, position, self.note).text()

    @property
    def unsalted(self) -> bool:
        """Whether something was decided or paid in the period by an earlier version, without a
        salt."""
        decided = (*self.known.issued, *self.known.adjusted, *self.known.payments)
        return any(recorded.event.salt is None for recorded in decided)


def _as_hashed(row: Sequence[Any], previous: bytes) -> tuple[dict[str, Any], bytes]:
    """What an event says, and its hash. Raises one of `UNREADABLE`."""
    position, stream, version, topic, state, at, recorded_at, by, batch, number, key, _ = row
    state, key = bytes(state), None if key is None else bytes(key)
    place = (position, stream, version, topic, state)
    link = chain.link(previous, *place, at, recorded_at, by, batch, number, key)
    said = dict(zip(FIELDS, row[1:-1], strict=True))
    return said | {"state": state.decode(), "key": None if key is None else key.hex()}, link
