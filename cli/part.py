"""A file while it is written: under an unguessable name, next to its final place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ledger.kernel.errors import OutputExists
from ledger.store.scratch import held, new_name, put_new, sweep


@contextmanager
def part_of(place: Path, old: os.stat_result | None, *, replace: bool) -> Iterator[int]:
    """A new file's descriptor; after the block the complete file is at its place.

    It has the mode of the `old` file, or without one that of the umask. If the block fails nothing
    is left of it. Raises `OutputExists` if, without `replace`, a file appeared there meanwhile.
    """
    sweep(place.parent)
    part, descriptor = _made(place.parent, 0o666 if old is None else 0o600)
    try:
        if old is not None:
            with suppress(OSError):  # only root gives files away
                os.fchown(descriptor, old.st_uid, old.st_gid)
            os.fchmod(descriptor, old.st_mode & 0o777)
        yield descriptor
        if replace:
            os.replace(part, place)
        else:
            _put(part, place)
    finally:
        part.unlink(missing_ok=True)
        os.close(descriptor)


def _put(part: Path, place: Path) -> None:
    try:
        put_new(part, place)
    except FileExistsError:
        raise OutputExists(
            f"{place} appeared there while the answer was worked out.",
            "It was left as it is. Ask again with another name.",
        ) from None


def _made(folder: Path, mode: int) -> tuple[Path, int]:
    """A new file, locked as long as it is open."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        part = folder / new_name("part", hidden=True)
        descriptor = os.open(part, flags, mode)
        if held(descriptor):
            return part, descriptor
        os.close(descriptor)
