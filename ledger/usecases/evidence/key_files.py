"""Keys that sign checkpoints: a file that only its owner reads, outside of every book.

The file is one line, `PRIVATE+KEY+NAME+ID+BASE64` as for signed notes; the public key lies next to
it in `FILE.pub`, to be given to whoever checks, and the last size that was signed of each book in
`FILE.last`.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.kernel.errors import MissingExtra, MissingFile, Refusal
from ledger.kernel.note_keys import (
    COSIGNATURE,
    ED25519,
    NoteKey,
    bytes_of,
    check_name,
    parsed_key,
    text_of,
)
from ledger.kernel.notes import Checkpoint, SignedNote, cosigned_at, signed_by
from ledger.kernel.proof_errors import BadNote, BadProof
from ledger.kernel.proofs import LENGTH_MAX
from ledger.store.scratch import new_name

PRIVATE = "PRIVATE+KEY"
SEED = 32
FILE_MAX = 10_000


class BadKey(Refusal):
    """A file that is not a key, or that others may read."""


class KeyExists(Refusal):
    """A key is already there; none is ever overwritten."""


@dataclass(frozen=True)
class KeyFile:
    """A key that was read: its place, its public half, and its secret."""

    path: Path
    public: NoteKey
    seed: bytes

    @property
    def cosigning(self) -> NoteKey:
        """The public key under which it cosigns what others have signed."""
        return NoteKey(self.public.name, COSIGNATURE, self.public.public)

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""
        signature: bytes = _private(self.seed).sign(message)
        return signature

    def last_signed(self, origin: str) -> tuple[int, bytes] | None:
        """The size and root of the last checkpoint of a book that this key signed here.

        Raises `BadKey` where that cannot be read: it would be signed without knowing.
        """
        try:
            text = self._last.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            kept = json.loads(text).get(origin)
            return None if kept is None else (int(kept["size"]), bytes.fromhex(kept["root"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadKey(
                f"{self._last} is not what this key has signed last.",
                "Restore it: without it the key might sign what contradicts an earlier signature.",
            ) from None

    def keep_last(self, checkpoint: Checkpoint) -> None:
        """Keeps the size and root that is being signed, before the signature is shown."""
        try:
            kept = json.loads(self._last.read_text(encoding="utf-8"))
        except FileNotFoundError:
            kept = {}
        kept[checkpoint.origin] = {"size": checkpoint.size, "root": checkpoint.root.hex()}
        part = self.path.parent / new_name("part", hidden=True)
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(json.dumps(kept, indent=2) + "\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._last)
        finally:
            part.unlink(missing_ok=True)

    @property
    def _last(self) -> Path:
        return Path(f"{self.path}.last")


def bears(note: SignedNote, key: NoteKey) -> bool:
    """Whether a key has signed a checkpoint, as its log's or as somebody else's."""
    other = NoteKey(key.name, COSIGNATURE, key.public)
    return signed_by(note, key) or cosigned_at(note, other) is not None


def read_key(path: str) -> KeyFile:
    """The key in a file. Raises `BadKey` for what is none, or what others may read."""
    place = Path(path)
    try:
        if place.stat().st_mode & 0o077:
            raise BadKey(f"{path} can be read by others.", f"Run: chmod 600 {path}")
        text = _short_text(place)
    except OSError as error:
        raise BadKey(f"{path}: {error.strerror}.", "DUEBOOK_KEY names the key.") from None
    words = text.strip().removeprefix(f"{PRIVATE}+")
    if words == text.strip():
        raise BadKey(f"{path} is not a key: it does not begin with {PRIVATE}+.")
    try:
        name, _, rest = words.partition("+")
        content = bytes_of(rest.partition("+")[2], "secret of the key")
        if len(content) != SEED + 1 or content[0] != ED25519:
            raise BadNote("it is no Ed25519 key of 32 bytes.")
        seed = content[1:]
        public = NoteKey(name, ED25519, public_of(seed))
        if rest.partition("+")[0] != public.key_id.hex():
            raise BadNote("its id is not its own.")
    except BadNote as refusal:
        raise BadKey(f"{path} is not a key: {refusal.sentence}") from None
    return KeyFile(place, public, seed)


def make_key(path: str, name: str) -> NoteKey:
    """Makes a key and its public half. Raises `KeyExists`, and `BadNote` for such a name."""
    check_name(name)
    seed = secrets.token_bytes(SEED)
    public = NoteKey(name, ED25519, public_of(seed))
    secret = f"{PRIVATE}+{name}+{public.key_id.hex()}+{text_of(bytes([ED25519]) + seed)}\n"
    if Path(f"{path}.pub").exists():
        raise KeyExists(f"{path}.pub already exists.", "Nothing was made.")
    for place, mode, text in ((path, 0o600, secret), (f"{path}.pub", 0o644, f"{public.text()}\n")):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        try:
            with open(os.open(place, flags, mode), "w", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise KeyExists(f"{place} already exists.", "Nothing was replaced.") from None
        except OSError as error:
            said = f"{place}: {error.strerror}."
            raise BadKey(said, "Name a place where a file can be made.") from None
    return public


def read_public(path: str) -> NoteKey:
    """A public key from its file. Raises `BadKey`."""
    try:
        return parsed_key(_short_text(Path(path)).strip())
    except (OSError, BadNote) as error:
        said = error.sentence if isinstance(error, BadNote) else f"{error.strerror}."
        raise BadKey(f"{path}: {said}", "Name the .pub file of the key.") from None


def text_in(path: str) -> str:
    """A note or a proof in a file. Raises `MissingFile`, `BadProof`."""
    return bytes_in(path, LENGTH_MAX, "checkpoint or proof", BadProof).decode("utf-8", "replace")


def bytes_in(path: str, most: int, what: str, refusal: type[Refusal]) -> bytes:
    """The bytes of a file. Raises `MissingFile`, and the refusal for more than what it may be of
    that kind."""
    try:
        with open(path, "rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise MissingFile(f"{path}: {error.strerror}.", "Name a file.") from None
    if len(content) > most:
        raise refusal(f"{path} is longer than any {what}: {most:,} bytes.", "Name another.")
    return content


def public_of(seed: bytes) -> bytes:
    """The public half of a secret. Raises `MissingExtra`."""
    public: bytes = _private(seed).public_key().public_bytes_raw()
    return public


def _short_text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(FILE_MAX).decode("utf-8", "replace")


def _private(seed: bytes) -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ModuleNotFoundError:
        raise MissingExtra(
            "Signing needs the library cryptography, which is not installed.",
            "Install it with: pip install 'duebook[sign]'. Checking signatures works without.",
        ) from None
    return Ed25519PrivateKey.from_private_bytes(seed)
