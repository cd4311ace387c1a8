"""The journal as a table: one row per posting, for spreadsheets and other programs."""

import csv
from collections.abc import Iterable, Iterator

from ledger.accounting.entry import Entry, Posting
from projections.exporters.spreadsheet import csv_cell

HEADER = (
    *("number", "date", "what", "statement", "line", "narration"),
    *("account", "debit", "credit", "currency"),
)


class _Line:
    """A file of one line: the `csv` writer returns what is written to it."""

    def write(self, text: str) -> str:
        return text.removesuffix("\r\n")


def lines(entries: Iterable[Entry], title: str) -> Iterator[str]:
    """A header, then a row per posting; a table has no place for the title.

    Amounts are plain decimals: positive ones as debits, negative ones as credits, without sign.
    Accounts are written as in the book. Text that a spreadsheet would take for a formula is
    preceded by a quote. Text with a line break in it is one quoted field. Entries are streamed,
    not kept in memory.
    """
    del title
    written = csv.writer(_Line(), lineterminator="\r\n").writerow
    yield str(written(HEADER))
    for entry in entries:
        about = [
            csv_cell(text)
            for text in (
                *(entry.number, entry.date.isoformat(), entry.what),
                *(entry.statement, entry.line, entry.narration),
            )
        ]
        for posting in entry.postings:
            yield str(written([*about, *_sides(posting)]))


def _sides(posting: Posting) -> tuple[str, str, str, str]:
    account, amount = csv_cell(posting.account.text), posting.amount
    if amount.minor < 0:
        return account, "", amount.negated().text, amount.currency
    return account, amount.text, "", amount.currency
