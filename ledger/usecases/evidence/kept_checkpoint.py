"""Verifying a book by a checkpoint that somebody kept elsewhere."""

from collections.abc import Iterable, Mapping

from ledger.kernel.note_keys import NoteKey
from ledger.kernel.notes import SignedNote, parsed
from ledger.store.book import Book
from ledger.usecases.evidence.checkpoints import compared
from ledger.usecases.evidence.key_files import read_public, text_in
from ledger.usecases.verifying.verify import Check


def read_kept(
    paths: Iterable[str], key: str | None
) -> tuple[dict[str, SignedNote], NoteKey | None]:
    """Checkpoints by their files, and the key that has to have signed them. Raises `BadNote`,
    `BadKey`, `MissingFile`."""
    notes = {path: parsed(text_in(path)) for path in paths}
    return notes, read_public(key) if key else None


def verify_kept(book: Book, notes: Mapping[str, SignedNote], key: NoteKey | None) -> list[Check]:
    """Per checkpoint whether the log is the one that it is of, or has grown from it; with a key
    also whether that has signed it.

    The tree is taken from the log's hashes, which the check of the chain has recomputed.
    """
    with book.reading() as connection:
        results = {source: compared(connection, note, key) for source, note in notes.items()}
    return [
        Check(f"checkpoint {source}", result.ok, result.detail)
        for source, result in results.items()
    ]
