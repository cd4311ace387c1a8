"""Verifying the trees over what decisions stated: each root is what its lines and secret give."""

from ledger.aggregates.settlement import period_id
from ledger.kernel.counted import counted
from ledger.kernel.line_leaves import root_of_rows
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.line_secrets import kept_secrets
from ledger.usecases.line_trees import salted_rows
from ledger.usecases.statements.closed_period import closed_period, closed_periods
from ledger.usecases.verifying.verify import Check

NAME = "line trees"


def verify_line_trees(book: Book) -> Check:
    """Works every root out again; those whose secret is not there are said to be unchecked."""
    trees, missing = 0, []
    with book.reading() as connection:
        secrets = kept_secrets(book, connection)
        head = head_of(connection).position
        for closed in closed_periods(connection, head):
            seal = closed.event
            period = closed_period(connection, seal.program, seal.period, head)
            decisions = [(closed, [recorded.event for recorded in period.issued])]
            decisions += [(recorded, [recorded.event]) for recorded in period.adjusted]
            for decision, statements in decisions:
                tree = decision.event.line_tree
                if tree is None:
                    continue
                trees += 1
                secret = (secrets or {}).get(tree.root)
                if secret is None:
                    missing.append(decision.position)
                    continue
                rows = salted_rows(secret, statements)
                if len(rows) != tree.rows or root_of_rows(rows).hex() != tree.root:
                    name = period_id(seal.program, seal.period)
                    said = f"{name}: the tree of position {decision.position} is not of its lines"
                    return Check(NAME, False, said)
    if secrets is None and trees:
        return Check(NAME, True, f"not checked: the secrets of {counted(trees, 'tree')} are hidden")
    detail = f"{counted(trees - len(missing), 'tree')} worked out again"
    if missing:
        detail += f"; {counted(len(missing), 'tree')} cannot be checked and no line of theirs be "
        detail += f"proved, without their secrets: position {', '.join(map(str, missing))}"
    return Check(NAME, True, detail)
