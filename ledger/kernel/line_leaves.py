"""Leaves of the tree over what a decision stated: one row of a statement each, salted.

A leaf is a salt of 16 bytes and the row as text, in the tree of RFC 6962: sha256(0x00 + salt +
text). Without its salt a leaf cannot be guessed, however few values an amount or an outcome may
have. The salts of a tree all come from one secret, by HMAC over the row's index, so that a salt
that was shown says nothing of any other.
"""

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from ledger.kernel.merkle import leaf, node, range_proof, root
from ledger.kernel.proof_errors import BadProof

SALT = 16
"""Bytes of a salt."""
SECRET = 32
"""Bytes of the secret that the salts of a tree come from."""
_TAG = b"duebook line v1\0"


class SaltedRow(NamedTuple):
    """A row that is shown: its salt and its text."""

    salt: bytes
    text: str

    def leaf(self) -> bytes:
        """The hash of its leaf. Raises `BadProof` for a salt of another length."""
        if len(self.salt) != SALT:
            raise BadProof(f"A row has a salt of {len(self.salt)} bytes; expected {SALT}.")
        return leaf(self.salt + self.text.encode())


def salt_of(secret: bytes, index: int) -> bytes:
    """The salt of the row at an index."""
    return hmac.digest(secret, _TAG + index.to_bytes(8, "big"), sha256)[:SALT]


def salted(secret: bytes, texts: Sequence[str]) -> list[SaltedRow]:
    """Rows in the order of their tree, each with its salt."""
    return [SaltedRow(salt_of(secret, index), text) for index, text in enumerate(texts)]


def root_of_rows(rows: Sequence[SaltedRow]) -> bytes:
    """The root of the tree over rows, in their order."""
    return root([row.leaf() for row in rows])


def range_of_rows(rows: Sequence[SaltedRow], first: int, last: int) -> list[bytes]:
    """The hashes that prove the rows from `first` to `last` together, both included."""
    return range_proof(first, last, len(rows), _Rows([row.leaf() for row in rows]))


class _Rows:
    """The full subtrees of leaves in memory."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            pairs = zip(below[::2], below[1::2], strict=False)
            self._levels.append([node(left, right) for left, right in pairs])

    def subtree(self, level: int, index: int) -> bytes:
        return self._levels[level][index]
