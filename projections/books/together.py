"""Answers of several books in one: every row with its book, totals over all of them."""

from collections.abc import Iterable, Sequence
from typing import Any

from ledger.kernel.instants import format_instant
from ledger.kernel.money import Money, sum_by_currency
from ledger.store.book import shown
from ledger.store.head import head_of
from ledger.store.log import entity_of
from projections.books.named import OpenedBook
from projections.reading import Report

BOOK = "book"
"""The first column of every row: the name of its book."""
LISTS = ("to_close", "held", "exceptions", "overdue", "payments_due", "breaks")
"""What an answer of `status` lists; the rest of it is said once for each book."""
Row = dict[str, Any]


def standing(own: OpenedBook, known_at: int) -> Row:
    """A book as answers name it: where it is, its head, and the position it was asked at."""
    with own.book.reading() as connection:
        head = head_of(connection)
        return {
            "name": own.name,
            "location": shown(own.book.location),
            "entity": entity_of(connection),
            "position": head.position,
            "head": head.hash.hex(),
            "recorded_at": format_instant(head.recorded_at),
            "known_at": known_at,
        }


def with_book(name: str, rows: Iterable[Row]) -> list[Row]:
    """The rows of a book, its name in front."""
    return [{BOOK: name, **row} for row in rows]


def reports_together(answers: Sequence[tuple[OpenedBook, Report]]) -> Report:
    """The reports of several books as one, book after book."""
    first = answers[0][1]
    columns = next((report.columns for _, report in answers if report.columns), ())
    return first._replace(
        rows=[row for own, report in answers for row in with_book(own.name, report.rows)],
        parked=[parked for _, report in answers for parked in report.parked],
        columns=(BOOK, *columns) if columns else (),
        books=[standing(own, report.clocks.known_at) for own, report in answers],
    )


def status_together(answers: Sequence[tuple[OpenedBook, Row]]) -> Row:
    """The status of several books as one answer: rows with their book, and totals per currency."""
    together: Row = {
        "books": [_status_of(own, answer) for own, answer in answers],
        **{
            name: [row for own, answer in answers for row in with_book(own.name, answer[name])]
            for name in LISTS
        },
    }
    return together | {"totals": _totals(together)}


def _status_of(own: OpenedBook, answer: Row) -> Row:
    clocks = {"as_of": answer["as_of"], "known_at": answer["known_at"]}
    more = ("verified", "receipts", "parked", "since")
    return {
        **standing(own, answer["known_at"]),
        **clocks,
        **{name: answer[name] for name in more if name in answer},
    }


def _totals(together: Row) -> dict[str, dict[str, str]]:
    """What `status` shows totals of, over all books: periods to close and still running, what is
    to be paid, what payees owe, and the differences of open breaks."""
    sums: dict[str, list[Money]] = {}

    def add(name: str, amount: str | None, currency: str | None) -> None:
        if amount is not None and currency:
            sums.setdefault(name, []).append(Money.parse(amount, currency))

    for period in together["to_close"]:
        for code, amount in period["totals"].items():
            add("running" if period["provisional"] else "to_close", amount, code)
    for due in together["payments_due"]:
        owed = "payees_owe" if due["open"].startswith("-") else "payments_due"
        add(owed, due["open"], due["currency"])
    for breaks in together["breaks"]:
        add("breaks", breaks["difference"], breaks["currency"])
    return {
        name: {code: amount.text for code, amount in sum_by_currency(amounts).items()}
        for name, amounts in sums.items()
    }


def notes_of(books: Iterable[OpenedBook]) -> list[str]:
    """What the person who asks should know about each book, with its name in front."""
    return [f"{own.name}: {note}" for own in books for note in own.book.notes]
