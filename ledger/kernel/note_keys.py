"""Public keys that check signatures of notes, as C2SP signed-note writes them: NAME+ID+KEY.

The id is the first 4 bytes of sha256(name, line end, kind, key), in hex; KEY is the base64 of the
kind and the key. Two kinds are known, both Ed25519: of logs (1) and of those who cosign (4).
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256

from ledger.kernel import ed25519
from ledger.kernel.errors import Refusal
from ledger.kernel.proof_errors import BadNote
from ledger.kernel.shown import is_text, visible

ED25519 = 1
"""The kind of a key that signs the text of a note."""
COSIGNATURE = 4
"""The kind of a key that cosigns checkpoints, with a time (tlog-cosignature)."""
NAME_MAX = 255
"""Bytes of a name in UTF-8."""
KEY_MAX = 1_000
"""Characters of a key as text."""


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key: whose it is, its kind, its 32 bytes.

    Raises `BadNote` for a name that a note cannot have, another kind, bytes that are no key.
    """

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.kind not in (ED25519, COSIGNATURE):
            raise BadNote(
                f"The key of {excerpt(self.name)} is of kind {self.kind}, which is not known here.",
                f"Ask for an Ed25519 key: kind {ED25519}, or {COSIGNATURE} of one who cosigns.",
            )
        if not ed25519.is_key(self.public):
            raise BadNote(f"The key of {excerpt(self.name)} is no public key of Ed25519.")

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that say in a note which key of this name signed; they prove nothing."""
        named = self.name.encode() + b"\n"
        return sha256(named + bytes([self.kind]) + self.public).digest()[:4]

    def text(self) -> str:
        """The key as a line: `parsed_key` gives the same key back."""
        return f"{self.name}+{self.key_id.hex()}+{text_of(bytes([self.kind]) + self.public)}"


def parsed_key(text: str) -> NoteKey:
    """The key that a text is; a line end after it is left out.

    Raises `BadNote` with what was found where it is not one, or its id is not its own.
    """
    if len(text) > KEY_MAX:
        raise BadNote(f"A key of {len(text):,} characters; expected at most {KEY_MAX:,}.")
    # The base64 may itself contain a plus; a name and an id cannot.
    name, *rest = text.removesuffix("\n").split("+", 2)
    if len(rest) != 2 or not re.fullmatch("[0-9a-f]{8}", rest[0]):
        raise BadNote(f"{excerpt(text)} is no public key; expected: NAME+8 HEX DIGITS+BASE64.")
    content = bytes_of(rest[1], f"key of {excerpt(name)}")
    if not content:
        raise BadNote(f"The key of {excerpt(name)} is empty.")
    key = NoteKey(name, content[0], content[1:])
    if key.key_id.hex() != rest[0]:
        raise BadNote(
            f"The key of {excerpt(name)} has the id {rest[0]}; its name and bytes give another."
        )
    return key


def check_name(name: str) -> None:
    """Raises `BadNote` for what cannot be the name of a key: it has neither blanks nor a plus."""
    blank = any(character.isspace() or character < " " for character in name)
    if not name or blank or "+" in name or not is_text(name):
        raise BadNote(
            f"{excerpt(name)} cannot be the name of a key.", "Write duebook.example/acme."
        )
    if len(name.encode()) > NAME_MAX:
        raise BadNote(f"The name of a key is longer than {NAME_MAX} bytes: {excerpt(name)}.")


def bytes_of(text: str, what: str, refusal: type[Refusal] = BadNote) -> bytes:
    """The bytes of a base64 text in the one way of writing them (RFC 4648, section 4).

    Raises the refusal where it is none.
    """
    try:
        content = b64decode(text, validate=True)
    except ValueError:
        content = None
    # Decoders pass over set bits after the last byte, with which a text could be written anew.
    if content is None or text_of(content) != text:
        raise refusal(f"The {what} is not base64: {excerpt(text)}.")
    return content


def text_of(content: bytes) -> str:
    """Bytes as base64."""
    return b64encode(content).decode("ascii")


def excerpt(text: str) -> str:
    """A text as a message shows it: in quotes, visible, and not more of it than can be read."""
    return f"'{visible(text[:60])}{'...' if len(text) > 60 else ''}'"
