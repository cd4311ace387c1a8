"""Verifying the trees over what decisions stated: each root is what its lines and secret give."""

from contextlib import suppress
from typing import NamedTuple

from ledger.aggregates.settlement import period_id
from ledger.kernel.counted import counted
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.line_secrets import kept_secrets
from ledger.usecases.line_trees import is_tree_of, salted_rows
from ledger.usecases.statements.closed_period import ClosedPeriod, closed_period, closed_periods
from ledger.usecases.verifying.verify import Check

NAME = "line trees"


class Worked(NamedTuple):
    """The trees of a closed period, worked out again."""

    trees: int
    missing: list[int]
    """The positions of the decisions whose secret is not there."""
    fault: str | None


class LineTrees:
    """Takes closed periods as another check reads them, so that they are not read twice."""

    def __init__(self, book: Book) -> None:
        with book.reading() as connection:
            self.secrets = kept_secrets(book, connection)
        self.by_close: dict[int, Worked] = {}
        """The trees of the periods that were read, by the position of their close."""

    def take(self, period: ClosedPeriod) -> None:
        """Works the trees of a period out. What cannot be worked out is left to `worked`."""
        with suppress(Exception):
            self.by_close[period.closed.position] = self.work(period)

    def worked(self, closed: int) -> Worked | None:
        """The trees of the period closed at a position; None where nobody has read it yet."""
        return self.by_close.get(closed)

    def work(self, period: ClosedPeriod) -> Worked:
        """The trees of a period, worked out now."""
        trees, missing = 0, []
        for decision, statements in period.statings:
            tree = decision.event.line_tree
            if tree is None:
                continue
            trees += 1
            secret = (self.secrets or {}).get(tree.root)
            if secret is None:
                missing.append(decision.position)
                continue
            if not is_tree_of(tree, salted_rows(secret, statements)):
                name = period_id(period.seal.program, period.seal.period)
                fault = f"{name}: the tree of position {decision.position} is not of its lines"
                return Worked(trees, missing, fault)
        return Worked(trees, missing, None)


def verify_line_trees(book: Book, known: LineTrees | None = None) -> Check:
    """Works every root out again, those of the periods that are not `known` yet; says which are
    unchecked because their secret is not there."""
    known = known or LineTrees(book)
    trees, missing = 0, []
    with book.reading() as connection:
        head = head_of(connection).position
        for closed in closed_periods(connection, head):
            worked = known.worked(closed.position)
            if worked is None:
                seal = closed.event
                worked = known.work(closed_period(connection, seal.program, seal.period, head))
            trees += worked.trees
            missing += worked.missing
            if worked.fault:
                return Check(NAME, False, worked.fault)
    if known.secrets is None and trees:
        return Check(NAME, True, f"not checked: the secrets of {counted(trees, 'tree')} are hidden")
    detail = f"{counted(trees - len(missing), 'tree')} worked out again"
    if missing:
        detail += f"; {counted(len(missing), 'tree')} cannot be checked and no line of theirs be "
        detail += f"proved, without their secrets: position {', '.join(map(str, missing))}"
    return Check(NAME, True, detail)
