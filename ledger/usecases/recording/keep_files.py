"""Input files kept beside the book, by content: `BOOK.files/SHA256`, each whole or not there.

What is read is copied into a folder of work inside that folder, and linked to its name under the
write lock, before the event that says so is committed: an event never names a file that is not
there. A call that records nothing keeps nothing.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

from ledger.intake.lines import Source
from ledger.intake.unchanged_file import BLOCK_BYTES, FileChanged
from ledger.kernel.errors import Refusal
from ledger.store.archive.folder import digest_of
from ledger.store.book import Book
from ledger.store.places import kept_folder
from ledger.store.scratch import Scratch, put_new, sweep, sync

READABLE = 0o444
ATTEMPTS = 5


class KeepsNoFiles(Refusal):
    """A book beside which no files can be kept: it is in a database on a server."""

    kind = "usage"
    hint = (
        "Nothing was recorded. Record without --keep-files and keep the files yourself: "
        "`duebook verify --file FILE` says whether the book was given one."
    )


class FilesUnwritable(Refusal):
    """The folder of kept files cannot be written to."""

    hint = "Nothing was recorded. Make room or give rights there, or record without --keep-files."


class KeptFileAltered(Refusal):
    """A file that was kept before and is no longer what it was."""

    hint = "Nothing was recorded. Restore it from a backup, or move it away: it is kept again then."


class Copy(NamedTuple):
    """A copy in the making."""

    path: Path
    file: BinaryIO


class Teed:
    """A stream whose bytes are copied as they are read."""

    def __init__(self, stream: Source, copy: Copy) -> None:
        self._stream = stream
        self._copy = copy

    def read(self, size: int, /) -> bytes:
        """The next bytes, which are in the copy then. Raises `FilesUnwritable`."""
        block = self._stream.read(size)
        with _in_words(self._copy.path.parent.parent):
            self._copy.file.write(block)
        return block


class Keeping:
    """The files of one call on their way into the folder of a book; what is not put is removed."""

    def __init__(self, book: Book) -> None:
        """Raises `KeepsNoFiles` for a book on a server."""
        if book.path is None:
            raise KeepsNoFiles("A book on a server has no folder beside it to keep files in.")
        self.folder = kept_folder(book.path.resolve())
        self._mode = stat.S_IMODE(book.path.stat().st_mode) & 0o666
        self._copies: dict[str, Path] = {}
        self._work = ExitStack()
        self._number = 0

    def __enter__(self) -> "Keeping":
        with _in_words(self.folder):
            self._parent = self._work.enter_context(self._made())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._work.close()
        with suppress(OSError):  # it holds files, as it should
            self.folder.rmdir()

    @contextmanager
    def copying(self) -> Iterator[Copy]:
        """An empty copy, to be written and then closed with `finish`. Raises `FilesUnwritable`."""
        self._number += 1
        path = self._parent / str(self._number)
        with _in_words(self.folder):
            file = path.open("xb")
        with file:
            yield Copy(path, file)

    def finish(self, copy: Copy, sha256: str) -> None:
        """The copy is whole, and of that digest. Raises `FilesUnwritable`, and `KeptFileAltered`
        for one that was kept before and has other content now."""
        with _in_words(self.folder):
            copy.file.flush()
            os.fchmod(copy.file.fileno(), self._mode)
            os.fsync(copy.file.fileno())
            place = self.folder / sha256
            if place.exists() and digest_of(place) != sha256:
                raise KeptFileAltered(f"{place} is not the file that was kept under that name.")
        self._copies[sha256] = copy.path

    def add(self, path: Path, sha256: str) -> None:
        """Copies a file that was read. Raises `FileChanged` if it is not the one of the digest any
        more, and `FilesUnwritable`."""
        with self.copying() as copy:
            with path.open("rb", buffering=0) as file:
                source = Teed(file, copy)
                while source.read(BLOCK_BYTES):
                    pass
            copy.file.flush()
            if digest_of(copy.path) != sha256:
                raise FileChanged(f"{path} was changed while it was read.", file=str(path))
            self.finish(copy, sha256)

    @contextmanager
    def put(self) -> Iterator[None]:
        """Puts every copy in its place, unless it is there; takes them away again if what follows
        fails. Only under the write lock: nobody else rests on what is taken away. Raises
        `FilesUnwritable`."""
        new: list[Path] = []
        try:
            with _in_words(self.folder):
                for sha256, copy in self._copies.items():
                    with suppress(FileExistsError):
                        put_new(copy, self.folder / sha256)
                        new.append(self.folder / sha256)
                for folder in (self.folder, self.folder.parent):
                    sync(folder)
            yield
        except BaseException:
            for place in new:
                place.unlink(missing_ok=True)
            raise

    @property
    def kept(self) -> list[str]:
        """Where the files of the call are, once they were put there."""
        return [str(self.folder / sha256) for sha256 in self._copies]

    def _made(self) -> Scratch:
        """The folder, as readable as the book, and one for work in it."""
        for _ in range(ATTEMPTS):
            if not self.folder.exists():
                with suppress(FileExistsError):
                    self.folder.mkdir()
                    self.folder.chmod(0o300 | self._mode | (self._mode & READABLE) >> 2)
            sweep(self.folder)
            with suppress(FileNotFoundError):  # another call kept nothing and removed it again
                return Scratch(self.folder)
        return Scratch(self.folder)


@contextmanager
def _in_words(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FilesUnwritable(f"{folder} cannot be written to: {error.strerror}.") from None
