"""The platform's side for tests: its file, written by hand or from another book, and a desk."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ledger.intake.platform.canonical import read
from ledger.kernel.clocks import Clocks
from ledger.kernel.money import Money
from ledger.programs.edition import Edition
from ledger.store.book import Book
from ledger.usecases.reconciling.likely_causes import Likely
from ledger.usecases.reconciling.reconcile import Reconciliation, reconcile, record_run
from ledger.usecases.reconciling.resolve import resolve
from ledger.usecases.settling.settle import published_edition, settle
from ledger.usecases.terms.publish import publish
from tests.quarter import NOW, PROGRAM, TERM_OVER, Facts, Quarter, edition, held_quarter

RATIOS = [{"from": 1, "ratio": "0.8"}, {"from": 3, "ratio": "0.5"}]
Rows = Iterable[Sequence[str]]
BY_LINE = "line,amount,currency"
BY_STORE = "store,amount,currency"
BY_KIND = "store,kind,amount,currency"


class Desk(Quarter):
    """A quarter's book, and somebody who compares it with files of the platform."""

    def file(self, rows: Rows, header: str = BY_LINE) -> str:
        """Writes a file of the platform; answers its path."""
        path = self.folder / f"platform-{next(self.calls)}.csv"
        path.write_text("\n".join([header, *map(",".join, rows), ""]), encoding="utf-8")
        return str(path)

    def compare(
        self,
        rows: Rows,
        header: str = BY_LINE,
        program: str = PROGRAM,
        *,
        as_of: int = NOW,
        known_at: int | None = None,
        flip_sign: bool = False,
    ) -> Reconciliation:
        """Compares and records nothing."""
        clocks = Clocks(as_of, known_at or self.book.head().position)
        with self.book.reading() as connection:
            found = read(self.file(rows, header))
            return reconcile(connection, program, None, found, clocks, flip_sign=flip_sign)

    def run(self, rows: Rows, *what: str, **options: Any) -> Reconciliation:
        """Compares and records that it was done."""
        found = self.compare(rows, *what, **options)
        record_run(self.book, found, by="lin", profile="canonical", flipped=False)
        return found

    def resolve(
        self, name: str, resolution: Any = "other", program: str = PROGRAM
    ) -> dict[str, Any]:
        """Resolves a break as lin."""
        said = {"resolution": resolution, "reason": "as agreed", "by": "lin", "now": NOW}
        return resolve(self.book, program, None, name, **said)


def breaks(found: Reconciliation) -> dict[str, tuple[str | None, str | None, str | None]]:
    """Ours, theirs and the difference, by the break's id without its program."""
    return {
        one["break"].partition("/")[2]: (one["ours"], one["theirs"], one["difference"])
        for one in found.as_json()["breaks"]
    }


def likely(found: Reconciliation) -> dict[str, list[tuple[str, str]]]:
    """What each break may come from, by its id without the program."""
    return {
        one["break"].partition("/")[2]: [
            (cause["because"], cause["detail"]) for cause in one["likely"]
        ]
        for one in found.as_json()["breaks"]
    }


def likely_of(
    book: Book, edition: Edition, period: str, line: str, theirs: str, clocks: Clocks
) -> list[str]:
    """Why theirs, an amount or an outcome, of one line of a run may differ from ours."""
    with book.reading() as connection:
        lines = settle(connection, edition, clocks, period=period).lines
        ours = {one.line: one for one in lines}
        likely = Likely(connection, edition, period, clocks)
        likely.load([line], ours)
        currency = edition.currency
        figure = Money.parse(theirs, currency) if theirs[-1].isdigit() else theirs
        causes = likely.causes(line, ours.get(line), figure)
        return [f"{one.because}: {one.detail}" for one in causes]


def file_of(book: Book, program: str = PROGRAM, as_of: int = TERM_OVER) -> list[list[str]]:
    """The lines that a book has, as rows of a platform's file: zero ones are left out."""
    clocks = Clocks(as_of, book.head().position)
    with book.reading() as connection:
        run = settle(connection, published_edition(connection, program, clocks), clocks)
    return [
        [one.line, one.amount.text, one.amount.currency]
        for one in run.lines
        if one.amount and one.amount.minor
    ]


def discounted(book: Any, folder: Path, ratios: list[dict[str, Any]] = RATIOS) -> Desk:
    """P-1 with S-1 and S-2 of 2000.00 each; P-2 with S-5 at a ratio of 0.8: S-4 is high-risk."""
    made = Desk(book, folder)
    publish(book, edition(PROGRAM, publisher="acme", version=2, governance_ratios=ratios), "lin")
    made.tell(held_quarter())
    return made


def rows(*pairs: tuple[str, str]) -> list[list[str]]:
    """Rows by line, in CNY."""
    return [[f"{PROGRAM}/{store}", amount, "CNY"] for store, amount in pairs]


PLAIN = rows(("S-1", "2000.00"), ("S-2", "2000.00"))
SOUND = [*PLAIN, *rows(("S-5", "1600.00"))]
"""What a platform that agrees says of the discounted quarter."""


def changed(facts: Facts, place: int, **fields: Any) -> Facts:
    """The facts with some fields of one of them changed."""
    return [*facts[:place], facts[place] | fields, *facts[place + 1 :]]
