"""The hash chain: every field of every event, length-prefixed, together with the hash before.

`sha256-v1`: sha256 over the previous hash (32 bytes; 32 zero bytes before the first event),
six signed 64-bit big-endian integers (position, version, at, recorded_at, batch, row), five
unsigned 64-bit big-endian lengths (stream, topic, state, by, key; the key's is one more than
its length, 0 where there is none), then those five fields, texts as UTF-8, under the tag
`duebook sha256-v1`.
"""

import hashlib
import struct
from functools import lru_cache

SCHEME = "sha256-v1"
GENESIS = bytes(32)
_TAG = b"duebook sha256-v1\0"
_pack = struct.Struct(">qqqqqqQQQQQ").pack
_sha256 = hashlib.sha256
_encoded = lru_cache(maxsize=1024)(str.encode)
"""Topics and reporters are few and repeat often."""


def link(
    previous: bytes,
    position: int,
    stream: str,
    version: int,
    topic: str,
    state: bytes,
    at: int,
    recorded_at: int,
    by: str,
    batch: int,
    row: int,
    key: bytes | None,
) -> bytes:
    """The hash of one event, given the hash of the event before it."""
    s, t, b = stream.encode(), _encoded(topic), _encoded(by)
    k = b"" if key is None else key
    header = _pack(
        position,
        version,
        at,
        recorded_at,
        batch,
        row,
        len(s),
        len(t),
        len(state),
        len(b),
        0 if key is None else len(k) + 1,
    )
    return _sha256(b"".join((_TAG, previous, header, s, t, state, b, k))).digest()
