"""The folder itself: names, temporary files, digests, and what survives a crash.

A file is written under a temporary name, synced to the disk, and only then renamed: a name that is
a digest always belongs to a whole file.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from ledger.kernel.instants import Instant
from ledger.store.archive.refusals import (
    ArchivedFileAltered,
    ArchivedFileMissing,
    ArchiveUnwritable,
)
from ledger.store.scratch import sync

SUFFIX = ".parquet"
TEMPORARY = ".writing"
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class ArchivedFile(NamedTuple):
    """A file of the archive as its event describes it.

    `revises`: it holds a line that replaces or repeats an order, here or in an earlier file.
    `first` and `last` bound the creation of its lines; without them it is read for any window.
    """

    digest: str
    revises: bool = False
    first: Instant | None = None
    last: Instant | None = None
    columns: tuple[str, ...] = ()
    """The optional columns that it has: an empty one is not written."""


def path_of(folder: Path, digest: str) -> Path:
    """Where the file of that digest is."""
    assert _DIGEST.fullmatch(digest), "a digest is 64 hexadecimal digits"
    return folder / f"{digest}{SUFFIX}"


def check(folder: Path, digest: str) -> int:
    """The size in bytes of a file that has its digest. Raises `ArchivedFileMissing` or
    `ArchivedFileAltered`."""
    path = path_of(folder, digest)
    try:
        actual = digest_of(path)
        size = path.stat().st_size
    except OSError as error:
        raise ArchivedFileMissing(
            f"{path} cannot be read: {error.strerror}.", file=str(path), digest=digest
        ) from None
    if actual != digest:
        raise ArchivedFileAltered(
            f"{path} has the digest {actual}: its bytes were altered.",
            file=str(path),
            digest=digest,
            found=actual,
        )
    return size


def present(folder: Path, files: "list[ArchivedFile]") -> list[Path]:
    """The paths of the files. Raises `ArchivedFileMissing` for the first that is not there."""
    paths = [path_of(folder, file.digest) for file in files]
    for path, file in zip(paths, files, strict=True):
        if not path.is_file():
            raise ArchivedFileMissing(f"{path} is not there.", file=str(path), digest=file.digest)
    return paths


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def publish(folder: Path, produce: Callable[[Path], None]) -> str:
    """Adds what `produce` writes under a temporary name; returns its digest.

    Raises `ArchiveUnwritable`, with the folder as it was.
    """
    try:
        with arriving(folder) as temporary:
            produce(temporary)
            sync(temporary)
            digest = digest_of(temporary)
            temporary.chmod(0o444)
            temporary.rename(path_of(folder, digest))
            sync(folder)
    except OSError as error:
        raise ArchiveUnwritable(
            f"{folder} cannot be written to: {error.strerror}.", folder=str(folder)
        ) from None
    return digest


@contextmanager
def arriving(folder: Path) -> Iterator[Path]:
    """A name in the folder to write to, gone afterwards unless the file was moved. What a crash
    left is removed, what somebody else writes is not.

    Every writer holds a shared lock on the folder; one that gets it exclusively knows that every
    temporary file in it is abandoned.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    temporary = folder / f"{uuid4().hex}{TEMPORARY}"
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            for left in folder.glob(f"*{TEMPORARY}"):
                left.unlink(missing_ok=True)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
        os.close(descriptor)
