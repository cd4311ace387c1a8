"""The hash chain: every field of every event, length-prefixed, together with the hash before.

`sha256-v1`: sha256 over the previous hash (32 bytes; 32 zero bytes before the first event),
six signed 64-bit big-endian integers (position, version, at, recorded_at, batch, row), five
unsigned 64-bit big-endian lengths (stream, topic, state, by, key; the key's is one more than
its length, 0 where there is none), then those five fields, texts as UTF-8, under the tag
`duebook sha256-v1`.
"""

import hashlib
import struct
from collections.abc import Iterable
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


Row = tuple[str, int, str, bytes, int, str, int, int, bytes | None]
"""stream, version, topic, state, at, by, batch, row, key: what a writer hands over."""
Chained = tuple[int, str, int, str, bytes, int, int, str, int, int, bytes | None, bytes]
"""The same with its position first, `recorded_at` after `at`, and its hash last."""


def chained(previous: bytes, position: int, recorded_at: int, rows: Iterable[Row]) -> list[Chained]:
    """Rows as they follow an event, each with its position and its hash, as `link` gives it.

    Written out for many: calling `link` takes as long as joining what it hashes.
    """
    pack, sha256, encoded, tag, digest = _pack, _sha256, _encoded, _TAG, previous
    linked: list[Chained] = []
    for stream, version, topic, state, at, by, batch, row, key in rows:
        position += 1
        s, t, b, k = stream.encode(), encoded(topic), encoded(by), key or b""
        header = pack(
            position, version, at, recorded_at, batch, row,
            len(s), len(t), len(state), len(b), 0 if key is None else len(k) + 1,
        )  # fmt: skip
        digest = sha256(b"".join((tag, digest, header, s, t, state, b, k))).digest()
        linked.append(
            (position, stream, version, topic, state, at, recorded_at, by, batch, row, key, digest)
        )
    return linked
