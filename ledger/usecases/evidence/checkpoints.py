"""Checkpoints of a log: its size and the root of its tree, signed by whoever keeps the book.

A checkpoint that somebody else keeps shows them, later and without trust, whether the log still
begins as it did: no machine, file or source code can make two logs of one root.
"""

from typing import NamedTuple

from sqlalchemy import Connection

from ledger.kernel.errors import NoSuchPosition, Refusal
from ledger.kernel.merkle import root_at
from ledger.kernel.note_keys import NoteKey
from ledger.kernel.notes import Checkpoint, SignedNote, signed
from ledger.store.head import head_of, origin_of
from ledger.store.tree import LogTree
from ledger.usecases.evidence.key_files import KeyFile, bears


class WouldContradict(Refusal):
    """A signature that would contradict one that the same key has made."""

    hint = (
        "Nothing was signed. A restored backup, or a log that was changed, looks like this: "
        "compare it with the checkpoints that were sent out, and run `duebook verify`."
    )


def checkpoint_of(connection: Connection, size: int | None = None) -> Checkpoint:
    """The checkpoint of the log, or of its first `size` events. Raises `NoSuchPosition`."""
    head = head_of(connection).position
    size = head if size is None else size
    if not 1 <= size <= head:
        raise NoSuchPosition(
            f"There is no position {size}: the log ends at {head}.",
            "A book that was restored from a backup ends before what it once had.",
        )
    return Checkpoint(origin_of(connection), size, root_at(size, LogTree(connection)))


def signed_checkpoint(connection: Connection, key: KeyFile | None) -> SignedNote:
    """The log's checkpoint as a note, signed where there is a key.

    A key never signs two checkpoints of which one does not begin as the other: raises
    `WouldContradict` for a log that is shorter than the last one it signed, or does not begin as
    that did.
    """
    note = SignedNote(checkpoint_of(connection))
    if key is None:
        return note
    last = key.last_signed(note.checkpoint.origin)
    if last is not None:
        _refuse_contradiction(connection, note.checkpoint, *last)
    note = signed(note, key.public, key.sign)
    key.keep_last(note.checkpoint)
    return note


def _refuse_contradiction(
    connection: Connection, checkpoint: Checkpoint, size: int, root: bytes
) -> None:
    if checkpoint.size < size:
        raise WouldContradict(
            f"This key has signed a log of {size:,} events of this book; it has "
            f"{checkpoint.size:,} now."
        )
    if root_at(size, LogTree(connection)) != root:
        raise WouldContradict(
            f"The first {size:,} events are not those that this key has signed before."
        )


class Compared(NamedTuple):
    """A checkpoint that somebody kept, beside the log as it is."""

    ok: bool
    detail: str


def compared(connection: Connection, note: SignedNote, key: NoteKey | None) -> Compared:
    """Whether the log is the one that a checkpoint is of, and perhaps more. With a key also whether
    that has signed it."""
    kept = note.checkpoint
    if kept.origin != origin_of(connection):
        return Compared(False, f"it is of another book, {kept.origin}")
    if key is not None and not bears(note, key):
        return Compared(False, f"the key of {key.name} has not signed it")
    head = head_of(connection).position
    if kept.size > head:
        return Compared(False, f"it is of {kept.size:,} events; the log ends at {head:,}")
    if kept.size and root_at(kept.size, LogTree(connection)) != kept.root:
        return Compared(False, f"the first {kept.size:,} events are not those that it is of")
    whose = f", signed by {key.name}" if key else "; whose signature it has was not asked"
    more = head - kept.size
    return Compared(True, f"the log begins with its {kept.size:,} events, {more:,} since{whose}")
