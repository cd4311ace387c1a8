"""Proofs of events, and checking them with nothing but a checkpoint that one kept.

A proof of an event has in it what the event says, as it was hashed, and the hash before it: whoever
checks recomputes the event's own hash from that, which is the leaf, and from the leaf the root.
Something more may stand beside it, which the event's content proves: the rows of its line tree.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from ledger.kernel.errors import NoSuchPosition
from ledger.kernel.instants import format_instant
from ledger.kernel.merkle import inclusion, leaf
from ledger.kernel.notes import SignedNote
from ledger.kernel.proof_errors import BadProof
from ledger.kernel.proofs import InclusionProof
from ledger.store import chain
from ledger.store.head import hash_at
from ledger.store.schema import events
from ledger.store.tree import LogTree

FIELDS = ("stream", "version", "topic", "state", "at", "recorded_at", "by", "batch", "row", "key")
"""What the chain hashes of an event besides its position, in that order."""
MORE = "lines"
"""What may stand beside it."""
UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError, RecursionError, struct.error)
"""What values raise that no event has, such as a text for a number, or brackets without end."""


def prove_fact(connection: Connection, position: int, note: SignedNote) -> InclusionProof:
    """That an event is in the log of a checkpoint. Raises `NoSuchPosition`."""
    return fact_with(connection, position, note, None)


def fact_with(
    connection: Connection, position: int, note: SignedNote, more: Mapping[str, Any] | None
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
    previous = hash_at(connection, position - 1) or chain.GENESIS
    said: dict[str, Any] = {"previous": previous.hex()}
    said |= {name: _written(value) for name, value in zip(FIELDS, row, strict=True)}
    if more is not None:
        said[MORE] = more
    extra = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    hashes = inclusion(position - 1, size, LogTree(connection))
    return InclusionProof(position - 1, tuple(hashes), note, extra)


def _written(value: Any) -> Any:
    """A column as JSON has it: bytes in hex."""
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def checked_fact(proof: InclusionProof, kept: SignedNote) -> tuple[dict[str, Any], Any]:
    """What a proof of an event shows, and what stands beside it that is not checked yet; None where
    nothing does. Raises `BadProof` where it does not hold against the checkpoint that was kept."""
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
        return {
            "proves": "fact",
            "origin": kept.checkpoint.origin,
            "size": kept.checkpoint.size,
            "position": position,
            "stream": said["stream"],
            "type": said["topic"],
            "at": format_instant(said["at"]),
            "recorded_at": format_instant(said["recorded_at"]),
            "says": dict(json.loads(bytes.fromhex(said["state"]))),
        }, said.get(MORE)
    except UNREADABLE:  # hashed so by whoever made both the proof and the checkpoint
        raise BadProof(f"Position {position} says what no event of a book can say.") from None


def _fields(proof: InclusionProof) -> dict[str, Any]:
    """What the proof says of the event. Raises `BadProof` for anything else."""
    try:
        said = json.loads(proof.extra)
    except UNREADABLE:
        said = None
    if not isinstance(said, dict) or set(said) - {MORE} != {"previous", *FIELDS}:
        raise BadProof("The proof does not say what the event says.", "Ask for it again.")
    if MORE in said and not isinstance(said[MORE], dict):
        raise BadProof("The proof does not say its lines as proofs do.", "Ask for it again.")
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
