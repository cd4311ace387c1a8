"""The journal as a Beancount file, which Beancount loads without an error."""

from collections.abc import Iterable, Iterator

from ledger.accounting.entry import Entry
from projections.exporters.declared import Declared

_ESCAPES = str.maketrans(
    {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f", "\b": "\\b"}
)
"""Beancount reads these escapes back, so that each line of the file stays one line."""


def lines(entries: Iterable[Entry], title: str) -> Iterator[str]:
    """Entries as transactions in the order in which they come, then the declarations.

    Each has as metadata its number (`entry`), `what` it is, its `statement` and its `line`.
    After the last one every account is opened, on the first day it is used (days may run
    backwards in the log), with the holder's `id` as the book writes it; and every commodity is
    declared with its `decimals`. Beancount sorts by day, so the place in the file does not
    matter. Entries are streamed, not kept in memory.
    """
    yield f"option {_quoted('title')} {_quoted(title)}"
    yield ""
    declared = Declared()
    for entry in entries:
        yield from _transaction(entry, declared)
    for code, decimals, day in declared.commodities():
        yield f"{day} commodity {code}"
        yield f"  decimals: {decimals}"
    for name, account, day in declared.accounts():
        yield f"{day} open {name}"
        if account.of:
            yield f"  id: {_quoted(account.of)}"


def _transaction(entry: Entry, declared: Declared) -> Iterator[str]:
    day = entry.date
    yield f"{day} * {_quoted(entry.narration)}"
    yield f"  entry: {_quoted(entry.number)}"
    yield f"  what: {_quoted(entry.what)}"
    yield f"  statement: {_quoted(entry.statement)}"
    if entry.line:
        yield f"  line: {_quoted(entry.line)}"
    for posting in entry.postings:
        amount = posting.amount
        yield f"  {declared.name(posting, day)}  {amount.text} {amount.currency}"
    yield ""


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'
