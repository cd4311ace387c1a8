"""The key that signs checkpoints, named by DUEBOOK_KEY, and the checkpoint that a close makes."""

import os
from typing import TYPE_CHECKING, Any

from cli.talk import say
from ledger.kernel.counted import counted
from ledger.kernel.errors import Refusal, ServerLost

if TYPE_CHECKING:
    from ledger.kernel.notes import SignedNote
    from ledger.store.book import Book
    from ledger.usecases.evidence.key_files import KeyFile

KEY = "DUEBOOK_KEY"


def signing_key() -> "KeyFile | None":
    """The key that DUEBOOK_KEY names; None where it names none. Raises `BadKey`."""
    from ledger.usecases.evidence.key_files import read_key

    path = os.environ.get(KEY)
    return read_key(path) if path else None


def say_signed(note: "SignedNote", key: "KeyFile | None") -> None:
    """Says whose signature a checkpoint has."""
    whose = f"signed by {key.public.name}" if key else f"unsigned: {KEY} names no key"
    say(f"Checkpoint of {counted(note.checkpoint.size, 'event')}, {whose}.")


def checkpoint_of_close(book: "Book", key: "KeyFile | None", answer: dict[str, Any]) -> None:
    """Adds the checkpoint to the answer of a close that was recorded. Where it cannot be made that
    is said; the close stands. Raises `ServerLost`, as whatever else an answer is read for does."""
    from ledger.usecases.evidence.checkpoints import signed_checkpoint

    try:
        with book.reading() as connection:
            note = signed_checkpoint(connection, key)
    except ServerLost:
        raise
    except Refusal as refusal:
        say(f"No checkpoint was made: {refusal.sentence}", refusal.hint)
        return
    answer["checkpoint"] = note.text()
