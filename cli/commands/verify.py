"""`duebook verify`: does the log hold?"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from cli.destination import INPUT
from cli.options import Ask, answering, location, now
from cli.progress import progress
from cli.talk import say
from ledger.kernel.counted import counted

if TYPE_CHECKING:
    from ledger.kernel.note_keys import NoteKey
    from ledger.kernel.notes import SignedNote
    from ledger.store.book import Book
    from ledger.store.receipts import Receipt
    from ledger.usecases.verifying.verify import Check, Progress
    from projections.issued.sent_file import SentFile
    from projections.pages.letterhead import Letterhead

BROKEN = 5
ANEW = (
    "The book holds by itself, and not against a checkpoint that was kept elsewhere: its log was "
    "made anew or cut since, or the checkpoint is another book's, or not signed by that key."
)


@click.command()
@click.option("--receipt", "receipts", multiple=True, metavar="R", help="A receipt to find.")
@click.option(
    "--file",
    "files",
    type=INPUT,
    multiple=True,
    metavar="FILE",
    help="Check whether the book was given this file.",
)
@click.option(
    "--checkpoint",
    "kept",
    type=INPUT,
    multiple=True,
    metavar="FILE",
    help="A checkpoint that was kept elsewhere: does the log still begin as it did?",
)
@click.option(
    "--key", type=INPUT, metavar="FILE.pub", help="The public key that has to have signed them."
)
@click.option(
    "--statement",
    "sent",
    type=INPUT,
    multiple=True,
    metavar="FILE",
    help="A statement that was sent out: did this book issue exactly this file?",
)
@click.option(
    "--letterhead",
    type=INPUT,
    metavar="FILE.toml",
    help="The letterhead that they were sent with [letterhead.toml by the book].",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Check in N processes [1].",
)
@answering()
def verify(
    receipts: tuple[str, ...],
    files: tuple[str, ...],
    kept: tuple[str, ...],
    key: str | None,
    sent: tuple[str, ...],
    letterhead: str | None,
    jobs: int,
    ask: Ask,
) -> int:
    """Recompute every hash, index, closed period, entry and read model; find every receipt.

    The result is left next to the book, for `duebook status`. --file finds the calls that were
    given a file of the same content. --statement asks for the statement that a page, a PDF, a
    workbook or JSON says it is, at the file's own clocks, and compares all that the file shows.

    \b
    duebook verify
    duebook verify --jobs 2
    duebook verify --receipt 1453:9f2c... --format json
    duebook verify --file sales-2026-02.csv
    duebook verify --checkpoint 2026q1.note --key finance.key.pub
    duebook verify --statement P-01.pdf
    """
    from ledger.store.receipts import parse_receipt
    from ledger.store.verified import Verified, leave_verified
    from projections.leftovers import sweep

    given = [parse_receipt(text, "given with --receipt") for text in receipts]
    if key is not None and not kept:
        raise click.UsageError("--key goes with --checkpoint: whose signature it has to have.")
    if letterhead is not None and not sent:
        raise click.UsageError("--letterhead goes with --statement: what stands at its head.")
    brought = Brought.read(kept, key, files, sent, letterhead, location(ask.book))
    with ask.opened() as book, progress() as report:
        sweep(book)
        head = book.head()
        checks = _checked(book, given, report, jobs)
        ok = all(check.ok for check in checks)
        leave_verified(book, Verified(now(), head.position, head.hash.hex(), ok))
        by_kind = brought.verified(book, holds=ok)
    every = [*checks, *(check for kind in by_kind.values() for check in kind)]
    rows = [check.as_json() for check in every]
    answer = {"ok": all(check.ok for check in every), "events": head.position}
    ask.out.data({**answer, "head": head.hash.hex(), "checks": rows}, rows)
    if not ok:
        say(_what_does_not_hold(checks))
        return BROKEN
    if code := _missed(by_kind):
        return code
    if ask.out.is_table:
        say(f"Everything holds: {counted(head.position, 'event')}, head {head.hash.hex()}.")
    return 0


@dataclass(frozen=True)
class Brought:
    """What others have kept or were sent, read before the book is verified."""

    checkpoints: "dict[str, SignedNote]"
    key: "NoteKey | None"
    files: tuple[str, ...]
    statements: "list[SentFile]"
    letterhead: "Letterhead | None"

    @classmethod
    def read(
        cls,
        kept: tuple[str, ...],
        key: str | None,
        files: tuple[str, ...],
        sent: tuple[str, ...],
        letterhead: str | None,
        book: str,
    ) -> "Brought":
        """All of it. Raises what `read_kept` and `read_statements` raise."""
        notes: dict[str, SignedNote] = {}
        public: NoteKey | None = None
        if kept:
            from ledger.usecases.evidence.kept_checkpoint import read_kept

            notes, public = read_kept(kept, key)
        if not sent:
            return cls(notes, public, files, [], None)
        from projections.issued.verify_sent import read_statements

        return cls(notes, public, files, *read_statements(sent, letterhead, book))

    def verified(self, book: "Book", *, holds: bool) -> "dict[str, list[Check]]":
        """The checks of each kind; only where the book holds by itself, those that ask it."""
        from ledger.usecases.verifying.input_files import verify_file

        checks: dict[str, list[Check]] = {"checkpoint": []}
        if self.checkpoints:
            from ledger.usecases.evidence.kept_checkpoint import verify_kept

            checks["checkpoint"] = verify_kept(book, self.checkpoints, self.key)
        if not holds:
            return checks
        with book.reading() as connection:
            if self.letterhead is not None:
                from projections.issued.verify_sent import verify_sent

                checks["statement"] = [*verify_sent(connection, self.statements, self.letterhead)]
            checks["file"] = [verify_file(connection, path) for path in self.files]
        return checks


def _missed(by_kind: "dict[str, list[Check]]") -> int:
    """Says what others have that this book has not; answers the exit code, 0 for nothing."""
    missed = {
        kind: [check.name.removeprefix(f"{kind} ") for check in checks if not check.ok]
        for kind, checks in by_kind.items()
    }
    if missed["checkpoint"]:
        say(ANEW)
        return BROKEN
    if names := missed.get("statement"):
        say(f"The book holds; it does not show that it issued {', '.join(names)} as it is here.")
        return BROKEN
    if names := missed.get("file"):
        say(f"The log holds; it was not given {', '.join(names)} as it is here.")
        return 1
    return 0


def _checked(book: "Book", given: "list[Receipt]", report: "Progress", jobs: int) -> "list[Check]":
    """Every check of the book by itself."""
    from ledger.usecases.settling.processes import processes
    from projections.whole_book import verify_book

    # A copy of an older book is of this process alone.
    with processes(book, jobs if book.stored_as is None else 1) as working:
        return verify_book(book, given, now(), report, working)


def _what_does_not_hold(checks: "list[Check]") -> str:
    if all(check.ok for check in checks if not check.name.startswith("view ")):
        return "The log holds; a read model does not follow from it and can be rebuilt."
    if all(check.ok for check in checks if not check.name.startswith("order ")):
        return "The log holds; the archive of orders does not. Restore it from a backup."
    if all(check.ok for check in checks if check.name != "kept files"):
        return "The log holds; a file that it kept is not there as it was. Restore BOOK.files."
    return "The log does not hold. Keep this file as it is and restore a backup next to it."
