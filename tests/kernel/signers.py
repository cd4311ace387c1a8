"""Ed25519 signatures for tests, by RFC 8032, section 5.1.6: the product itself makes none."""

from collections.abc import Callable
from hashlib import sha512

from ledger.kernel.ed25519 import BASE, NEUTRAL, ORDER, _combined, _encoded
from ledger.kernel.note_keys import NoteKey


def secret(seed: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    """The public key of a secret one, and what signs with it."""
    digest = sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    public = _encoded(_combined(scalar, BASE, 0, NEUTRAL))

    def sign(message: bytes) -> bytes:
        nonce = int.from_bytes(sha512(digest[32:] + message).digest(), "little") % ORDER
        point = _encoded(_combined(nonce, BASE, 0, NEUTRAL))
        challenge = int.from_bytes(sha512(point + public + message).digest(), "little")
        return point + ((nonce + challenge * scalar) % ORDER).to_bytes(32, "little")

    return public, sign


def signer(name: str, kind: int, seed: bytes = b"") -> tuple[NoteKey, Callable[[bytes], bytes]]:
    """The key of a name, and what signs with it."""
    public, sign = secret(seed or name.encode().ljust(32, b"."))
    return NoteKey(name, kind, public), sign
