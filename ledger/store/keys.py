"""Keys under which facts are known: by the sender's id, or by what they say."""

import hashlib


def id_key(source: str | None, identity: str) -> bytes:
    """The key of a fact that its sender named."""
    return hashlib.sha256(f"id\0{source or ''}\0{identity}".encode()).digest()


def next_key(key: bytes) -> bytes:
    """The key under which a fact is recorded again after its withdrawal."""
    return hashlib.sha256(b"again\0" + key).digest()


def content_digest(kind: str, at: int, state: bytes) -> bytes:
    """What a fact says: its type, its instant and its fields as stored.

    The type's name, not its topic: a new version of the topic must not make old files new.
    """
    return hashlib.sha256(b"%b\0%d\0%b" % (kind.encode(), at, state)).digest()
