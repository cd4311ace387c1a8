"""The files that a command writes because the user named them: never over anything of value.

Whether a file may be written is decided before the command does any work. A regular file is
written completely next to its place and then moved there; a device or a pipe is written to.
"""

import os
import stat
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, NamedTuple

import click

from cli.part import part_of
from cli.talk import say
from ledger.kernel.errors import OutputExists, OutputRefused

OTHER_NAME = "Nothing was done. Name another file."
_DESCRIPTORS = {"stdin": 0, "stdout": 1, "stderr": 2}


INPUT = click.Path(readable=False)
"""For every option and argument that names a file or a folder that a command reads or keeps."""
OUTPUT_FILE = click.Path(readable=False)
"""For every option that names a file to write: its command gets a `Destination`."""


class Guarded(NamedTuple):
    """A place that no output may overwrite, and what it is in words."""

    what: str
    path: Path


@dataclass
class Destination:
    """A file to be written, as typed, and its state when it was checked."""

    typed: str
    overwrite: bool = False
    quiet: bool = False
    """Whether the caller says that it was written."""
    path: Path = field(init=False)
    found: os.stat_result | None = field(init=False)

    def __post_init__(self) -> None:
        """Links are followed, as a shell's `>` follows them."""
        try:
            self.path = Path(self.typed).resolve()
        except (OSError, RuntimeError):
            raise OutputRefused(
                f"{self} leads nowhere: it is a link to itself.", OTHER_NAME
            ) from None
        self.found = _stat(Path(self.typed))
        if self.found is None:
            _refuse_bad_name(self)

    def __str__(self) -> str:
        return self.typed

    @property
    def flows(self) -> bool:
        """Whether it is written to directly: a device, a pipe, or an open stream by name."""
        if self.found is None:
            return False
        mode = self.found.st_mode
        return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode) or _descriptor(self.typed) is not None

    def refuse_unwritable(self) -> None:
        """Raises `OutputRefused` for what is not a file, or lies where none can be written."""
        if self.found is not None and not (self.flows or stat.S_ISREG(self.found.st_mode)):
            raise OutputRefused(f"{self} exists and is not a file that can be written.", OTHER_NAME)
        folder = self.path.parent
        where = Path(self.typed) if self.flows else folder
        if not (self.flows or folder.is_dir()) or not os.access(where, os.W_OK):
            raise OutputRefused(
                f"{self} cannot be written.", "Nothing was done. Name a file in a folder that can."
            )

    def refuse_existing(self) -> None:
        """Raises `OutputExists` for a file that may not be replaced; on a terminal it asks."""
        from cli.talk import is_terminal

        if self.found is None or self.flows or self.overwrite:
            return
        if is_terminal() and click.confirm(f"{self} exists. Replace it?", err=True):
            self.overwrite = True
            return
        raise OutputExists(f"{self} exists.")

    @contextmanager
    def opened(self, *, errors: str = "strict") -> Iterator[IO[str]]:
        """The file for text in UTF-8, moved to its place when it is complete."""
        with self._open("w", encoding="utf-8", newline="", errors=errors) as file:
            yield file

    @contextmanager
    def binary(self) -> Iterator[IO[bytes]]:
        """The file for bytes, moved to its place when it is complete."""
        with self._open("wb") as file:
            yield file

    @contextmanager
    def _open(self, mode: str, **how: Any) -> Iterator[IO[Any]]:
        if self.flows:
            number = _descriptor(self.typed)
            flags = os.O_WRONLY | os.O_NOCTTY
            descriptor = os.open(self.typed, flags) if number is None else os.dup(number)
            with open(descriptor, mode, **how) as file:
                yield file
            return
        with part_of(self.path, self.found, replace=self.overwrite) as descriptor:
            with open(descriptor, mode, closefd=False, **how) as file:
                yield file
            os.fsync(descriptor)
        if not self.quiet:
            say(f"Wrote {self}.")


def check(
    outputs: Sequence[Destination],
    inputs: Sequence[str],
    files: Sequence[Path] = (),
    folders: Mapping[Path, str] = MappingProxyType({}),
) -> None:
    """Checks all outputs of a call before it does anything.

    `files` and `folders` are the book's own, a folder with what it is in words. Raises
    `OutputRefused` for one that is any of these, an input, another output, another database or no
    file at all, and `OutputExists`.
    """
    guarded = [Guarded("an input of this call", Path(name)) for name in inputs if name != "-"]
    own = [Guarded(what, path) for path, what in folders.items()]
    own += [
        Guarded("a folder of this call", place.path)
        for place in guarded
        if not place.path.is_file()
    ]
    guarded += [Guarded("a file of the book", path) for path in files]
    for number, output in enumerate(outputs):
        output.refuse_unwritable()
        if not output.flows or stat.S_ISREG(_mode(output)):
            _refuse_guarded(output, guarded)
            _refuse_inside(output, own)
            _refuse_stream(output, reads="-" in inputs)
        if output.flows:
            continue
        _refuse_database(output)
        _refuse_guarded(
            output,
            [Guarded("another output of this call", output.path) for output in outputs[:number]],
        )
    for output in outputs:
        output.refuse_existing()


def _refuse_guarded(output: Destination, guarded: Sequence[Guarded]) -> None:
    for place in guarded:
        there = _stat(place.path)
        if there is None:
            same = output.found is None and _folded(output.path) == _folded(place.path.resolve())
        else:
            same = output.found is not None and os.path.samestat(output.found, there)
        if same:
            raise OutputRefused(f"{output} is {place.what}{_named(place, output)}.", OTHER_NAME)


def _refuse_inside(output: Destination, folders: Sequence[Guarded]) -> None:
    """Refuses a folder itself, anything below it, and another name of a file in it."""
    for guarded in folders:
        folder = guarded.path.resolve()
        places = [output.path, *output.path.parents]
        inside = _folded(folder) in map(_folded, places) or (
            folder.is_dir() and any(place.is_dir() and place.samefile(folder) for place in places)
        )
        if inside or _linked_into(output, folder):
            raise OutputRefused(
                f"{output} belongs to {guarded.what}{_named(guarded, output)}.", OTHER_NAME
            )


def _named(place: Guarded, output: Destination) -> str:
    return "" if str(place.path) == output.typed else f", {place.path}"


def _linked_into(output: Destination, folder: Path) -> bool:
    status = output.found
    if status is None or status.st_nlink < 2 or not folder.is_dir():
        return False
    below = (stat_ for path in folder.rglob("*") if (stat_ := _stat(path)))
    return any(os.path.samestat(status, other) for other in below)


def _refuse_stream(output: Destination, *, reads: bool) -> None:
    """Refuses the file that standard input comes from, or that another stream goes to."""
    own = _descriptor(output.typed)
    streams = [(0, "what standard input reads")] if reads else []
    streams += [(1, "what standard output goes to"), (2, "what standard error goes to")]
    for number, what in streams:
        there = _stat(number)
        if there is None or not stat.S_ISREG(there.st_mode) or (own in (1, 2) and number):
            continue
        if output.found is not None and os.path.samestat(output.found, there):
            raise OutputRefused(f"{output} is {what}.", OTHER_NAME)


def _refuse_database(output: Destination) -> None:
    from ledger.store.places import database_of

    database = database_of(output.path)
    if database is not None:
        what = "is" if database == output.path else "belongs to"
        raise OutputRefused(f"{output} {what} a database, {database}.", OTHER_NAME)


def _stat(path: Path | int) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):  # a name that cannot be one is not there either
        return None


def _refuse_bad_name(output: Destination) -> None:
    """Refuses a name that no file can have, such as one that is too long."""
    try:
        os.lstat(output.path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass
    except OSError as error:
        raise OutputRefused(f"{output} cannot be written: {error.strerror}.", OTHER_NAME) from None


def _mode(output: Destination) -> int:
    return output.found.st_mode if output.found else stat.S_IFREG


def _folded(path: Path) -> str:
    """A name as a case-insensitive file system compares it."""
    return unicodedata.normalize("NFC", str(path)).casefold()


def _descriptor(typed: str) -> int | None:
    """The number of an open stream that is named as a file: /dev/stdout, /dev/fd/3."""
    parts = os.path.abspath(typed).split("/")[1:]
    match parts:
        case ["dev", name] if name in _DESCRIPTORS:
            return _DESCRIPTORS[name]
        case ["dev", "fd", number] | ["proc", "self", "fd", number] if number.isdecimal():
            return int(number)
    return None


PROFILE = click.option(
    "--profile",
    type=INPUT,
    default="canonical",
    metavar="NAME|FILE",
    help="A shipped mapping of headers, or your own as TOML.",
)
"""How files with headers of their own are read."""
