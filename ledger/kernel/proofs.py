"""Proofs as files: that a leaf is in a log (C2SP tlog-proof), and that a log has only grown.

The second is what C2SP tlog-witness has a log send to a witness: the old size, hashes, the new
checkpoint. It does not have the old checkpoint in it, on purpose: whoever checks brings the one
that they kept. Neither proves anything before the signature of its checkpoint has been checked, or
its root compared to one that is known; `holds` and `grown_from` check the hashes alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.kernel import notes
from ledger.kernel.merkle_checks import check_hashes, holds_consistency, holds_inclusion
from ledger.kernel.note_keys import bytes_of, excerpt, text_of
from ledger.kernel.notes import Checkpoint, SignedNote, whole
from ledger.kernel.proof_errors import BadProof
from ledger.kernel.tree_shape import (
    HASHES_MAX,
    consistency_length,
    inclusion_length,
)

HEAD = "c2sp.org/tlog-proof@v1"
EXTRA_MAX = 16 * 1024 * 1024
"""Bytes of the extra data: of ours what the event says."""
LENGTH_MAX = notes.LENGTH_MAX + 2 * EXTRA_MAX + 16 * 1024
"""Characters of a proof: a note, extra data in base64, and the most hashes."""


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That the leaf at `index` is in the tree of a checkpoint, with the hashes that show it.

    `extra` is carried along and proves nothing. Raises `BadProof` where the tree has no such leaf,
    or a proof of it has another number of hashes.
    """

    index: int
    hashes: tuple[bytes, ...]
    note: SignedNote
    extra: bytes = b""

    def __post_init__(self) -> None:
        expected = inclusion_length(self.index, self.note.checkpoint.size)
        check_hashes(self.hashes, expected)
        if len(self.extra) > EXTRA_MAX:
            raise BadProof(f"The proof has more than {EXTRA_MAX:,} bytes of extra data.")

    def holds(self, leaf_hash: bytes) -> bool:
        """Whether the hashes lead from a leaf to the root of the checkpoint in this proof."""
        tree = self.note.checkpoint
        return holds_inclusion(self.index, tree.size, leaf_hash, self.hashes, tree.root)

    def text(self) -> str:
        """The file: `parsed_inclusion` gives the same proof back."""
        extra = [f"extra {text_of(self.extra)}"] if self.extra else []
        return _text([HEAD, *extra, f"index {self.index}"], self.hashes, self.note)


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That the tree of a checkpoint begins with one of `old` leaves, with the hashes that show it.

    Raises `BadProof` where the checkpoint is the smaller, or has another number of hashes.
    """

    old: int
    hashes: tuple[bytes, ...]
    note: SignedNote

    def __post_init__(self) -> None:
        check_hashes(self.hashes, consistency_length(self.old, self.note.checkpoint.size))

    def grown_from(self, kept: Checkpoint) -> bool:
        """Whether the log of this proof's checkpoint is that of a kept one, and perhaps more.

        False for a checkpoint of another log. Raises `BadProof` where the proof begins with another
        size than the kept checkpoint's.
        """
        new = self.note.checkpoint
        if kept.size != self.old:
            raise BadProof(
                f"The proof begins at {self.old:,} leaves, the checkpoint has {kept.size:,}.",
                f"Name the checkpoint of {self.old:,} leaves, or ask for a proof from yours.",
            )
        grown = holds_consistency(kept.size, new.size, kept.root, new.root, self.hashes)
        return grown and kept.origin == new.origin

    def text(self) -> str:
        """The file: `parsed_consistency` gives the same proof back."""
        return _text([f"old {self.old}"], self.hashes, self.note)


def parsed_inclusion(text: str) -> InclusionProof:
    """The proof of inclusion that a text is, to the character.

    Raises `BadProof` where it is none, `BadNote` where its checkpoint is none.
    """
    lines, note = _parts(text)
    if not lines or lines[0] != HEAD:
        raise BadProof(f"The proof begins with {excerpt(lines[0])}; expected: {HEAD}.")
    del lines[0]
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = bytes_of(lines.pop(0).removeprefix("extra "), "extra data", BadProof)
        if not extra:
            raise BadProof("The proof has an empty line of extra data; none is written as none.")
    index = _number(lines, "index")
    hashes = _hashes(lines[1:], inclusion_length(index, note.checkpoint.size))
    return InclusionProof(index, hashes, note, extra)


def parsed_consistency(text: str) -> ConsistencyProof:
    """The proof of consistency that a text is, to the character.

    Raises `BadProof` where it is none, `BadNote` where its checkpoint is none.
    """
    lines, note = _parts(text)
    old = _number(lines, "old")
    return ConsistencyProof(
        old, _hashes(lines[1:], consistency_length(old, note.checkpoint.size)), note
    )


def _text(head: list[str], hashes: Sequence[bytes], note: SignedNote) -> str:
    lines = [*head, *map(text_of, hashes)]
    return "".join(f"{line}\n" for line in lines) + f"\n{note.text()}"


def _parts(text: str) -> tuple[list[str], SignedNote]:
    """The lines before the first empty one, and the checkpoint after it."""
    if len(text) > LENGTH_MAX:
        raise BadProof(f"A proof of {len(text):,} characters; expected at most {LENGTH_MAX:,}.")
    if "\r" in text:
        raise BadProof("The proof has line ends of Windows.", "Save it with line ends of Unix.")
    head, gap, checkpoint = text.partition("\n\n")
    if not gap:
        raise BadProof("The proof has no empty line before its checkpoint, or none at all.")
    lines = head.split("\n")
    if len(lines) > HASHES_MAX + 3:
        raise BadProof(f"The proof has {len(lines):,} lines; expected at most {HASHES_MAX + 3}.")
    return lines, notes.parsed(checkpoint)


def _number(lines: list[str], word: str) -> int:
    line = lines[0] if lines else ""
    if not line.startswith(f"{word} "):
        raise BadProof(f"The proof has {excerpt(line)} where a line is expected: {word} NUMBER.")
    return whole(line.removeprefix(f"{word} "), f"{word} of the proof", BadProof)


def _hashes(lines: Sequence[str], expected: int) -> tuple[bytes, ...]:
    """The hashes of a proof; their number is known before the first is read."""
    if len(lines) != expected:
        raise BadProof(f"The proof has {len(lines)} hashes; expected {expected}.")
    return tuple(bytes_of(line, f"hash {number}", BadProof) for number, line in enumerate(lines, 1))
