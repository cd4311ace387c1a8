"""Proofs of growth, and checking any proof with nothing but a checkpoint that one kept."""

from typing import Any

from sqlalchemy import Connection

from ledger.kernel.merkle import consistency
from ledger.kernel.note_keys import NoteKey
from ledger.kernel.notes import SignedNote
from ledger.kernel.proof_errors import BadProof
from ledger.kernel.proofs import HEAD, ConsistencyProof, parsed_consistency, parsed_inclusion
from ledger.store.head import origin_of
from ledger.store.tree import LogTree
from ledger.usecases.evidence.checkpoints import checkpoint_of
from ledger.usecases.evidence.key_files import bears
from ledger.usecases.evidence.proofs_of_facts import checked_fact
from ledger.usecases.evidence.proofs_of_lines import checked_rows


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


def checked(text: str, kept: SignedNote, key: NoteKey | None) -> dict[str, Any]:
    """What a proof shows, against a checkpoint that whoever checks kept or trusts.

    The root is that of the kept checkpoint, never the proof's own. Raises `BadProof` where the
    proof does not hold, and for a checkpoint that the key has not signed.
    """
    if key is not None and not bears(kept, key):
        raise BadProof(f"The key of {key.name} has not signed the checkpoint.")
    signer = key.name if key else None
    if text.startswith(HEAD):
        answer, rows = checked_fact(parsed_inclusion(text), kept)
        shown = {} if rows is None else checked_rows(answer["says"], rows)
        return answer | shown | {"signed_by": signer}
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
