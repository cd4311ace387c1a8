"""Cosigning: the other party signs a checkpoint, after checking that the log has only grown.

Whoever cosigns keeps nothing but the last checkpoint that they signed. Two logs that were shown to
two people can then not both be cosigned by one of them.
"""

from ledger.kernel.notes import Checkpoint, SignedNote, cosigned, cosigned_at, parsed
from ledger.kernel.proof_errors import BadProof
from ledger.kernel.proofs import parsed_consistency
from ledger.usecases.evidence.key_files import KeyFile


def cosign(text: str, key: KeyFile, last: SignedNote | None, *, now: int) -> SignedNote:
    """The checkpoint of a file with a cosignature more, at `now` in microseconds.

    The file is a proof of growth from the checkpoint that was signed last, or the checkpoint
    itself: for the first time, or where the log has not grown since. Raises `BadProof` where it
    does not extend the last one, or that does not have a cosignature of this key.
    """
    if last is not None and cosigned_at(last, key.cosigning) is None:
        raise BadProof(
            f"{key.public.name} has not cosigned the checkpoint that was given as the last one.",
            "Give the file that `duebook cosign` wrote the last time.",
        )
    note = _extending(text, last.checkpoint if last else None)
    return cosigned(note, key.cosigning, now // 1_000_000, key.sign)


def _extending(text: str, last: Checkpoint | None) -> SignedNote:
    """The checkpoint that a file brings, if it extends the last one."""
    if text.startswith("old "):
        proof = parsed_consistency(text)
        if last is None:
            return proof.note
        if not proof.grown_from(last):
            raise _contradicts(proof.note.checkpoint, last)
        return proof.note
    note = parsed(text)
    new = note.checkpoint
    if last is None or new == last:
        return note
    if new.origin == last.origin and new.size > last.size:
        raise BadProof(
            f"The log has grown from {last.size:,} to {new.size:,} events; a checkpoint alone does "
            "not show that it begins as before.",
            "Ask for: duebook proof between LAST NEW. Its file brings the checkpoint with it.",
        )
    raise _contradicts(new, last)


def _contradicts(new: Checkpoint, last: Checkpoint) -> BadProof:
    if new.origin != last.origin:
        return BadProof(f"It is of another book: {new.origin}; the last one was of {last.origin}.")
    return BadProof(
        f"The log of {new.size:,} events does not extend the one of {last.size:,} that was signed.",
        "Nothing was signed. Ask the book's keeper why: whoever sees both has found a change.",
    )
