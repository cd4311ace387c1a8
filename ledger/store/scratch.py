"""Folders and files for work in progress: removed when it is done, after a kill by the next
command.

A process that works in one holds a lock on it. What has such a name and no lock is abandoned.
"""

import errno
import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir
from weakref import finalize

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What file systems without links answer."""
_NAME = re.compile(r"\.?duebook-[0-9a-f]{32}\.(?:work|part)")


class Scratch:
    """A folder that nobody else can read, in `parent` or where temporary files lie."""

    def __init__(self, parent: Path | None = None) -> None:
        """In `parent` its name begins with a dot."""
        hidden = parent is not None
        self.path, lock = _made(parent or Path(gettempdir()), hidden=hidden)
        self.close = finalize(self, _remove, self.path, lock)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.close()


def new_name(kind: str, *, hidden: bool) -> str:
    """A name that nobody can guess: `work` is a folder, `part` a file that is not complete yet."""
    import secrets  # here, for every command sweeps and few write

    return f"{'.' if hidden else ''}duebook-{secrets.token_hex(16)}.{kind}"


def put_new(made: Path, place: Path) -> None:
    """Puts a whole file where there is none: a link never replaces, a renaming does. Raises
    `FileExistsError`."""
    try:
        os.link(made, place)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS or place.exists():
            raise
        made.rename(place)


def sync(path: Path) -> None:
    """Waits until a file, or what a folder lists, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def held(descriptor: int) -> bool:
    """Locks what was made just now; False where somebody swept it before it was locked."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return os.fstat(descriptor).st_nlink > 0


def sweep(parent: Path) -> None:
    """Removes from a folder what killed commands of this account left in it."""
    with suppress(OSError), os.scandir(parent) as entries:
        for left in [Path(entry.path) for entry in entries if _NAME.fullmatch(entry.name)]:
            with suppress(OSError):
                _sweep(left)


def _sweep(left: Path) -> None:
    descriptor = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            return
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if left.is_dir():
            from shutil import rmtree

            rmtree(left, ignore_errors=True)
        else:
            left.unlink()
    finally:
        os.close(descriptor)


def _made(parent: Path, *, hidden: bool) -> tuple[Path, int]:
    while True:
        path = parent / new_name("work", hidden=hidden)
        path.mkdir(mode=0o700)
        with suppress(FileNotFoundError):  # swept before it could be opened
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            if held(descriptor):
                return path, descriptor
            os.close(descriptor)


def _remove(path: Path, lock: int) -> None:
    from shutil import rmtree

    rmtree(path, ignore_errors=True)
    os.close(lock)
