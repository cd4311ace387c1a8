"""The secrets from which the salts of line trees come: beside the log, never in it.

A book in a file keeps them in `<book>.secrets`, readable by its owner alone, a line each: the
tree's root and the secret, in hex. A book on a server keeps them in the table `duebook_secrets`,
which only who may write the book may read, in the transaction of the decision. In a file a secret
is kept before its decision is committed; one whose decision was not, after all, is of no use.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, insert, select

from ledger.store.book import Book
from ledger.store.rights import may
from ledger.store.schema import has_table, line_secrets

SUFFIX = ".secrets"
_LINE = re.compile(rb"([0-9a-f]{64}) ([0-9a-f]{64})")


def may_keep_secrets(book: Book, connection: Connection) -> bool:
    """Whether what is decided now can have a line tree: not where a server's role may not keep
    the secret, or its book has no table for it yet."""
    return book.path is not None or _has_right(connection, "INSERT")


def keep_secrets(book: Book, connection: Connection, secrets: Mapping[str, bytes]) -> None:
    """Keeps secrets by the roots of their trees: on a server with the transaction, in a file on the
    disk when this returns."""
    if not secrets:
        return
    if book.path is None:
        rows = [{"tree": root, "secret": secret.hex()} for root, secret in secrets.items()]
        connection.execute(insert(line_secrets), rows)
        return
    # Each begins a line, also after one that was cut off.
    text = "".join(f"\n{root} {secret.hex()}" for root, secret in secrets.items())
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    descriptor = os.open(_path(book.path), flags, 0o600)
    with open(descriptor, "ab") as file:
        file.write(f"{text}\n".encode())
        file.flush()
        os.fsync(descriptor)


def kept_secrets(book: Book, connection: Connection) -> dict[str, bytes] | None:
    """The secrets by the roots of their trees; None where they are kept and may not be read.

    A line that is no secret, of a write that was cut off, is passed over: no decision followed.
    """
    if book.path is None:
        if not has_table(connection, line_secrets.name):
            return {}
        if not _has_right(connection, "SELECT"):
            return None
        c = line_secrets.c
        rows = connection.execute(select(c.tree, c.secret))
        return {root: bytes.fromhex(secret) for root, secret in rows}
    try:
        lines = _path(book.path).read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    except OSError:
        return None
    return {
        match[1].decode(): bytes.fromhex(match[2].decode())
        for match in map(_LINE.fullmatch, lines)
        if match
    }


def _has_right(connection: Connection, right: str) -> bool:
    name = line_secrets.name
    return has_table(connection, name) and may(connection, name, right)


def _path(book: Path) -> Path:
    return Path(f"{book.resolve()}{SUFFIX}")
