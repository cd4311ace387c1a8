"""Verifying a book by a checkpoint that somebody kept elsewhere."""

from ledger.kernel.note_keys import NoteKey
from ledger.kernel.notes import SignedNote
from ledger.store.book import Book
from ledger.usecases.evidence.checkpoints import compared
from ledger.usecases.verifying.verify import Check


def verify_checkpoint(book: Book, source: str, note: SignedNote, key: NoteKey | None) -> Check:
    """Whether the log is the one that a checkpoint is of, or has grown from it; with a key also
    whether that has signed it. The tree is taken from the log's hashes, which the chain check has
    recomputed."""
    with book.reading() as connection:
        result = compared(connection, note, key)
    return Check(f"checkpoint {source}", result.ok, result.detail)
