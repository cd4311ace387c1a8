"""Checkpoints as signed notes: how large a log is, its root, and who signed that.

Formats of C2SP: signed-note (text, an empty line, lines of signatures), tlog-checkpoint (the text:
origin, size, root) and tlog-cosignature (a signature of somebody else, with its time). A note says
nothing until a signature of a key that one knows has been checked: `signed_by`, `cosigned_at`.
Signatures of other keys are kept and prove nothing. Keys are in `ledger.kernel.note_keys`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from ledger.kernel import ed25519
from ledger.kernel.errors import Refusal
from ledger.kernel.merkle import WIDTH
from ledger.kernel.note_keys import (
    COSIGNATURE,
    ED25519,
    NoteKey,
    bytes_of,
    check_name,
    excerpt,
    text_of,
)
from ledger.kernel.proof_errors import BadNote
from ledger.kernel.tree_shape import SIZE_MAX

LENGTH_MAX = 256 * 1024
"""Characters of a note: room for the most signatures, each of the longest kind in use."""
SIGNATURES_MAX = 40
ORIGIN_MAX = 255
"""Bytes of an origin in UTF-8: newer signatures leave one byte for its length."""
TIME_MAX = 2**63 - 1
DASH = "— "
"""What a line of a signature begins with: an em dash and a blank."""
_NUMBER = re.compile("0|[1-9][0-9]{0,18}")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")

Sign = Callable[[bytes], bytes]
"""Makes the Ed25519 signature of a message; whoever has the secret key gives it."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: a log's origin, its size in leaves, the root of their tree.

    `extensions` are further lines, which checkpoints of others may have; ours have none.
    Raises `BadNote` for what cannot be written: a root of another length, a line that is empty.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            if not line or "\n" in line or _CONTROL.search(line):
                raise BadNote(f"{excerpt(line)} cannot be a line of a checkpoint.")
        if len(self.origin.encode()) > ORIGIN_MAX:
            raise BadNote(f"The origin of a checkpoint is longer than {ORIGIN_MAX} bytes.")
        if not 0 <= self.size <= SIZE_MAX:
            raise BadNote("The size of a checkpoint is not from 0 up to 2^63 - 1.")
        if len(self.root) != WIDTH:
            raise BadNote(f"The root of a checkpoint has {len(self.root)} bytes; expected {WIDTH}.")

    def text(self) -> str:
        """The text that is signed: three lines, and the extensions."""
        lines = (self.origin, str(self.size), text_of(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Signature:
    """A line of a signature: whose, the 4 bytes that tell their keys apart, and what was made."""

    name: str
    key_id: bytes
    signature: bytes

    def text(self) -> str:
        """The line."""
        return f"{DASH}{self.name} {text_of(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A checkpoint with its signatures, in their order; without any, nobody has signed it yet."""

    checkpoint: Checkpoint
    signatures: tuple[Signature, ...] = ()

    def text(self) -> str:
        """The whole note, as it is stored and sent: `parsed` gives the same note back."""
        return f"{self.checkpoint.text()}\n{''.join(line.text() for line in self.signatures)}"


def parsed(text: str) -> SignedNote:
    """The note that a text is, to the character.

    Raises `BadNote` with what was found where anything else is in it, or something is missing.
    No signature is checked here.
    """
    if len(text) > LENGTH_MAX:
        raise BadNote(
            f"A checkpoint of {len(text):,} characters; expected at most {LENGTH_MAX:,}.",
            "Name the file of a checkpoint: three lines, an empty one, and signatures.",
        )
    if text.startswith("\ufeff"):
        raise BadNote("The checkpoint begins with a byte order mark.", "Save it as plain UTF-8.")
    if "\r" in text:
        raise BadNote("The checkpoint has line ends of Windows.", "Save it with line ends of Unix.")
    if character := _CONTROL.search(text):
        raise BadNote(f"The checkpoint has a control character: {excerpt(character[0])}.")
    body, gap, tail = text.rpartition("\n\n")
    if not gap:
        raise BadNote("The checkpoint has no empty line between its text and its signatures.")
    lines = body.split("\n")
    if len(lines) < 3:
        raise BadNote(f"The checkpoint has {len(lines)} of 3 lines: origin, size and root.")
    origin, size, root, *extensions = lines
    checkpoint = Checkpoint(origin, whole(size, "size"), bytes_of(root, "root"), tuple(extensions))
    return SignedNote(checkpoint, _signatures(tail))


def whole(text: str, what: str, refusal: type[Refusal] = BadNote) -> int:
    """A whole number in the one way of writing it: ASCII digits, without leading zeros.

    Raises the refusal where it is none, or 2^63 or more.
    """
    if not _NUMBER.fullmatch(text) or int(text) > SIZE_MAX:
        raise refusal(f"The {what} is {excerpt(text)}; expected a whole number below 2^63.")
    return int(text)


def _signatures(tail: str) -> tuple[Signature, ...]:
    """The lines of signatures at the end of a note; none where nobody has signed it yet."""
    if not tail:
        return ()
    *lines, rest = tail.split("\n")
    if rest:
        raise BadNote(f"The checkpoint ends with {excerpt(rest)} and no line end.")
    if len(lines) > SIGNATURES_MAX:
        raise BadNote(f"The checkpoint has {len(lines):,} signatures; at most {SIGNATURES_MAX}.")
    return tuple(map(_signature, lines))


def _signature(line: str) -> Signature:
    name, gap, encoded = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not gap:
        raise BadNote(f"{excerpt(line)} is no line of a signature; expected: — NAME SIGNATURE.")
    check_name(name)
    content = bytes_of(encoded, f"signature of {excerpt(name)}")
    if len(content) < 5:
        raise BadNote(f"The signature of {excerpt(name)} has {len(content)} bytes; it is cut off.")
    return Signature(name, content[:4], content[4:])


def signed(note: SignedNote, key: NoteKey, sign: Sign) -> SignedNote:
    """The note with a signature more; of the same key, the new one stands for the old.

    Raises `BadNote` where what `sign` makes is not a signature of that key.
    """
    signature = sign(note.checkpoint.text().encode())
    return _with(note, key, ED25519, signature)


def cosigned(note: SignedNote, key: NoteKey, time: int, sign: Sign) -> SignedNote:
    """The note with a cosignature more: that at `time`, in seconds since 1970, this was the log.

    Whoever makes one has checked before that the log has only grown since the last that they
    signed. Raises `BadNote` where what `sign` makes is not a signature of that key.
    """
    if not 0 <= time <= TIME_MAX:
        raise BadNote("The time of a cosignature is not from 0 up to 2^63 - 1 seconds.")
    signature = sign(cosigned_message(note.checkpoint, time))
    return _with(note, key, COSIGNATURE, time.to_bytes(8, "big") + signature)


def signed_by(note: SignedNote, key: NoteKey) -> bool:
    """Whether a note has a signature of this key, and every one that says it is of it holds."""
    own = _of(note, key) if key.kind == ED25519 else []
    message = note.checkpoint.text().encode()
    return bool(own) and all(ed25519.verifies(key.public, message, made) for made in own)


def cosigned_at(note: SignedNote, key: NoteKey) -> int | None:
    """When this key cosigned a note, in seconds since 1970; None if it has not.

    Of several the last counts; None too if any that says it is of this key does not hold.
    """
    own = _of(note, key) if key.kind == COSIGNATURE else []
    times = []
    for made in own:
        time = int.from_bytes(made[:8], "big")
        message = cosigned_message(note.checkpoint, time)
        if time > TIME_MAX or not ed25519.verifies(key.public, message, made[8:]):
            return None
        times.append(time)
    return max(times, default=None)


def cosigned_message(checkpoint: Checkpoint, time: int) -> bytes:
    """What a cosignature signs: a line that says what it is, one for the time, and the text."""
    return f"cosignature/v1\ntime {time}\n{checkpoint.text()}".encode()


def _of(note: SignedNote, key: NoteKey) -> list[bytes]:
    """The signatures of a note that say they are of a key: by its name and id."""
    named = (key.name, key.key_id)
    return [line.signature for line in note.signatures if (line.name, line.key_id) == named]


def _with(note: SignedNote, key: NoteKey, kind: int, signature: bytes) -> SignedNote:
    if key.kind != kind:
        raise BadNote(
            f"The key of {excerpt(key.name)} is of kind {key.kind}; expected one of kind {kind}."
        )
    line = Signature(key.name, key.key_id, signature)
    others = [
        other for other in note.signatures if (other.name, other.key_id) != (line.name, line.key_id)
    ]
    if len(others) >= SIGNATURES_MAX:
        raise BadNote(f"The checkpoint has {SIGNATURES_MAX} signatures already: the most it can.")
    made = replace(note, signatures=(*others, line))
    # A secret key that belongs to another public one would be noticed by others alone.
    if not signed_by(made, key) and cosigned_at(made, key) is None:
        raise BadNote(
            f"The signature that was made is not one of the key of {excerpt(key.name)}.",
            "Name the public key that belongs to the secret one.",
        )
    return made
