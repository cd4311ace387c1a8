"""Proofs of events and of growth, and checking them with nothing but a checkpoint that one kept.

A proof of an event has in it what the event says, as it was hashed, and the hash before it: whoever
checks recomputes the event's own hash from that, which is the leaf, and from the leaf the root.
"""

import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, select

from ledger.kernel.errors import NoSuchPosition
from ledger.kernel.instants import format_instant
from ledger.kernel.merkle import consistency, inclusion, leaf
from ledger.kernel.note_keys import NoteKey
from ledger.kernel.notes import SignedNote
from ledger.kernel.proof_errors import BadProof
from ledger.kernel.proofs import (
    HEAD,
    ConsistencyProof,
    InclusionProof,
    parsed_consistency,
    parsed_inclusion,
)
from ledger.store import chain
from ledger.store.schema import events
from ledger.store.tree import LogTree
from ledger.usecases.evidence.checkpoints import checkpoint_of, origin_of
from ledger.usecases.evidence.key_files import bears

FIELDS = ("stream", "version", "topic", "state", "at", "recorded_at", "by", "batch", "row", "key")
"""What the chain hashes of an event besides its position, in that order."""
UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError, RecursionError, struct.error)
"""What values raise that no event has, such as a text for a number, or brackets without end."""


def prove_fact(connection: Connection, position: int, note: SignedNote) -> InclusionProof:
    """That an event is in the log of a checkpoint. Raises `NoSuchPosition`."""
    return fact_with(connection, position, note, {})


def fact_with(
    connection: Connection, position: int, note: SignedNote, more: Mapping[str, Any]
) -> InclusionProof:
    """As `prove_fact`, with something beside what the event says. Raises `BadProof` for more than
    a proof may hold."""
    size = note.checkpoint.size
    if not 1 <= position <= size:
        raise NoSuchPosition(
            f"There is no position {position} in a log of {size} events.",
            "Name a position of the log, as `duebook log` lists them.",
        )
    c = events.c
    columns = [c[name] for name in FIELDS]
    row = connection.execute(select(*columns).where(c.position == position)).one()
    before = select(c.hash).where(c.position == position - 1)
    previous = connection.execute(before).scalar()
    said = {"previous": (bytes(previous) if previous is not None else chain.GENESIS).hex()}
    said |= {name: _written(value) for name, value in zip(FIELDS, row, strict=True)}
    said |= more
    extra = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    hashes = inclusion(position - 1, size, LogTree(connection))
    return InclusionProof(position - 1, tuple(hashes), note, extra)


def _written(value: Any) -> Any:
    """A column as JSON has it: bytes in hex."""
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def prove_between(
    connection: Connection, first: SignedNote, second: SignedNote
) -> ConsistencyProof:
    """That the log of one checkpoint begins as that of another. Raises `BadProof` for checkpoints
    of other books, or that this log does not have."""
    for note in (first, second):
        kept = note.checkpoint
        if kept.origin != origin_of(connection):
            raise BadProof(f"A checkpoint is of another book: {kept.origin}.")
        if checkpoint_of(connection, kept.size).root != kept.root:
            raise BadProof(
                f"The first {kept.size:,} events are not those of a checkpoint.",
                "The log was changed since it was made: duebook verify --checkpoint FILE",
            )
    old, new = sorted((first, second), key=lambda note: note.checkpoint.size)
    sizes = (old.checkpoint.size, new.checkpoint.size)
    return ConsistencyProof(sizes[0], tuple(consistency(*sizes, LogTree(connection))), new)


RowsShown = Callable[[dict[str, Any], Any], dict[str, Any]]
"""What is proved of rows, given what the decision's event says and what the proof says of them."""


def checked(text: str, kept: SignedNote, key: NoteKey | None, rows: RowsShown) -> dict[str, Any]:
    """What a proof shows, against a checkpoint that whoever checks kept or trusts.

    The root is that of the kept checkpoint, never the proof's own. Raises `BadProof` where the
    proof does not hold, and for a checkpoint that the key has not signed.
    """
    if key is not None and not bears(kept, key):
        raise BadProof(f"The key of {key.name} has not signed the checkpoint.")
    signer = key.name if key else None
    if text.startswith(HEAD):
        return _checked_fact(parsed_inclusion(text), kept, rows) | {"signed_by": signer}
    proof = parsed_consistency(text)
    if not proof.grown_from(kept.checkpoint):
        raise BadProof("The proof does not hold: the log was not only added to.")
    new = proof.note.checkpoint
    return {
        "proves": "between",
        "origin": new.origin,
        "from": kept.checkpoint.size,
        "to": new.size,
        "root": new.root.hex(),
        "signed_by": signer,
    }


def _checked_fact(proof: InclusionProof, kept: SignedNote, rows: RowsShown) -> dict[str, Any]:
    if proof.note.checkpoint != kept.checkpoint:
        raise BadProof(
            f"The proof is of {proof.note.checkpoint.size:,} events, the checkpoint of "
            f"{kept.checkpoint.size:,}, or of another book.",
            "Ask for a proof against your checkpoint, or for one that leads from it: "
            "duebook proof between.",
        )
    position = proof.index + 1
    said = _fields(proof)
    if not proof.holds(leaf(_hash_of(position, said))):
        raise BadProof(f"The proof does not hold: position {position} does not say that.")
    try:
        says = dict(json.loads(bytes.fromhex(said["state"])))
        answer = {
            "proves": "lines" if "lines" in said else "fact",
            "origin": kept.checkpoint.origin,
            "size": kept.checkpoint.size,
            "position": position,
            "stream": said["stream"],
            "type": said["topic"],
            "at": format_instant(said["at"]),
            "recorded_at": format_instant(said["recorded_at"]),
            "says": says,
        }
    except UNREADABLE:  # hashed so by whoever made both the proof and the checkpoint
        raise BadProof(f"Position {position} says what no event of a book can say.") from None
    return answer | rows(says, said["lines"]) if "lines" in said else answer


def _fields(proof: InclusionProof) -> dict[str, Any]:
    """What the proof says of the event. Raises `BadProof` for anything else."""
    try:
        said = json.loads(proof.extra)
    except UNREADABLE:
        said = None
    if not isinstance(said, dict) or set(said) - {"lines"} != {"previous", *FIELDS}:
        raise BadProof("The proof does not say what the event says.", "Ask for it again.")
    return said


def _hash_of(position: int, said: dict[str, Any]) -> bytes:
    """The event's hash, recomputed. Raises `BadProof` for a field that no event can have."""
    try:
        key = None if said["key"] is None else bytes.fromhex(said["key"])
        numbers = (said["at"], said["recorded_at"])
        place = (position, said["stream"], said["version"], said["topic"])
        fields: tuple[Any, ...] = (
            *(bytes.fromhex(said["previous"]), *place, bytes.fromhex(said["state"]), *numbers),
            *(said["by"], said["batch"], said["row"], key),
        )
        return chain.link(*fields)
    except UNREADABLE:
        raise BadProof("The proof has a field that no event can have.") from None
