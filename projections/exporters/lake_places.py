"""Where a lake lies: in a folder, or in an object store, which takes the same files under the same
names. What is written there is whole before a table's log names it.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from ledger.kernel.errors import Kind, Refusal
from ledger.store.archive.objects import MARK, Objects
from ledger.store.archive.place import place_of
from ledger.store.archive.refusals import ArchiveMissing, ArchiveUnwritable
from ledger.store.scratch import Scratch, put_new

if TYPE_CHECKING:
    from deltalake import DeltaTable

MARKED = b"Tables of duebook, each with a Delta log, written by `duebook export lake`.\n"
UNSAFE = "AWS_S3_ALLOW_UNSAFE_RENAME"
"""With it the library writes a table's log where others may overwrite it."""
UNADDRESSED = frozenset("?#%\\")
"""What the library for Delta takes apart or decodes in a folder's path."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CODE = re.compile(r"<Code>(\w+)</Code>")


class NotALake(Refusal):
    """A place that is not one of Duebook's lakes, or another book's."""

    hint = "Nothing was written. Name a new folder, or the one of an earlier export of this book."


class LakeDamaged(Refusal):
    """A lake whose table cannot be read any more."""

    hint = "Nothing more was written. Export into a new folder, or restore this one."


class LakeMissing(Refusal):
    """A lake in an object store that cannot be reached, or does not let the caller write."""

    hint = (
        "Tables that were written stay, each whole; the next export does the others. See that the "
        "store is up and that the environment has the keys to it (AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY)."
    )


class LakeTaken(Refusal):
    """Somebody else wrote a version of a table meanwhile; safe to repeat."""

    kind: ClassVar[Kind] = "conflict"
    hint = "Run the same command again: a table that is as it was gets no new version."


class FolderLake:
    """A lake in a folder."""

    options: dict[str, str] | None = None
    """What the library has to know of the store."""

    def __init__(self, folder: Path) -> None:
        """Raises `NotALake` for a path under which no Delta table could be found again."""
        # From the root on: a relative name with a colon in it would be read as a URL.
        self.folder = folder.absolute()
        whole = str(self.folder)
        odd = sorted(set(whole) & UNADDRESSED) or [c for c in whole if not c.isprintable()]
        if odd:
            raise NotALake(f"{whole} has {odd[0]!r} in it, where no Delta table can be kept.")

    @property
    def shown(self) -> str:
        """Where it is, for people."""
        return str(self.folder)

    def uri(self, table: str) -> str:
        """Where a table is."""
        return (self.folder / table).as_uri()

    def names(self) -> list[str]:
        """What is there. Raises `NotALake` for a file."""
        if not self.folder.exists():
            return []
        if not self.folder.is_dir():
            raise NotALake(f"{self.folder} is not a folder.")
        return [path.name for path in self.folder.iterdir()]

    def names_in(self, table: str) -> list[str]:
        """What is in a table's folder, but for what is hidden."""
        return [path.name for path in (self.folder / table).glob("[!.]*")]

    def prove(self) -> None:
        """Makes it ready to be written to."""
        self.folder.mkdir(exist_ok=True)

    @contextmanager
    def building(self, table: str) -> Iterator[Path]:
        """A folder in which a file is written before it is put."""
        (self.folder / table).mkdir(exist_ok=True)
        with Scratch(self.folder / table) as work:
            yield work

    def put(self, table: str, file: str, made: Path) -> None:
        """Puts a whole file, named by its digest, unless it is there."""
        place = self.folder / table / file
        if not place.exists():
            put_new(made, place)

    def table(self, table: str) -> "DeltaTable | None":
        """A table as it stands; None for none."""
        from deltalake import DeltaTable

        with self.reached(table):
            if not DeltaTable.is_deltatable(self.uri(table), self.options):
                return None
            return DeltaTable(self.uri(table), storage_options=self.options)

    @contextmanager
    def reached(self, table: str) -> Iterator[None]:
        """Raises `LakeTaken` where somebody else wrote the table meanwhile."""
        from deltalake.exceptions import CommitFailedError, DeltaError

        try:
            yield
        except CommitFailedError:
            raise self._taken(table) from None
        except DeltaError as error:
            if "already exists" in str(error):
                raise self._taken(table) from None
            raise self._failed(error) from None

    def _taken(self, table: str) -> LakeTaken:
        return LakeTaken(f"The table {table} of {self.shown} was written by somebody else.")

    def _failed(self, error: Exception) -> Refusal:
        said = str(error).partition("\\n")[0].partition("\n")[0].rstrip(".")
        return LakeDamaged(f"The Delta log of a table in {self.shown} cannot be read: {said}.")


class StoredLake(FolderLake):
    """A lake in an object store, written with conditions alone: nothing there is replaced."""

    def __init__(self, typed: str) -> None:
        """Raises `BadArchive` for a URL that is none, and `NotALake` where the environment asks for
        writing without conditions."""
        if os.environ.get(UNSAFE, "").strip().casefold() not in ("", "0", "false", "no", "off"):
            raise NotALake(
                f"{UNSAFE} is set: a table could lose what somebody else writes meanwhile.",
                f"Nothing was written. Take {UNSAFE} out of the environment.",
            )
        self.url = place_of(typed, "lake")
        parts = urlsplit(self.url)
        said = dict(parse_qsl(parts.query))
        self.plain = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self.options = {"conditional_put": "etag", UNSAFE: "false"}
        if "endpoint" in said:
            plain_http = said["endpoint"].startswith("http://")
            self.options |= {
                "aws_endpoint": said["endpoint"],
                "allow_http": str(plain_http).lower(),
            }
        if "region" in said:
            self.options["aws_region"] = said["region"]

    @cached_property
    def _objects(self) -> Objects:
        return Objects(self.url, "lake", MARKED)

    @property
    def shown(self) -> str:
        return self.plain

    def uri(self, table: str) -> str:
        return f"{self.plain}/{table}"

    def names(self) -> list[str]:
        with _in_words():
            return [name for name in self._objects.names() if name != MARK]

    def names_in(self, table: str) -> list[str]:
        with _in_words():
            return self._objects.names(table)

    def prove(self) -> None:
        """Raises `LakeMissing` unless the store can be reached, written, and refuses to replace
        what is there."""
        with _in_words():
            self._objects.prove()

    @contextmanager
    def building(self, table: str) -> Iterator[Path]:
        with Scratch() as work:
            yield work

    def put(self, table: str, file: str, made: Path) -> None:
        with _in_words():
            if not self._objects.has(f"{table}/{file}"):
                self._objects.put_new(made, f"{table}/{file}")

    @contextmanager
    def reached(self, table: str) -> Iterator[None]:
        with super().reached(table):
            try:
                yield
            except OSError as error:
                raise self._failed(error) from None

    def _failed(self, error: Exception) -> Refusal:
        return LakeMissing(f"The lake {self.plain} cannot be reached: {_why(error)}.")


Lake = FolderLake | StoredLake


def is_inside(lake: str, archive: str) -> bool:
    """Whether a lake's URL lies at that of an archive, or below."""
    mine, its = urlsplit(lake), urlsplit(archive)
    stores = [dict(parse_qsl(url.query)).get("endpoint", "").rstrip("/") for url in (mine, its)]
    if (mine.scheme, mine.netloc, stores[0]) != (its.scheme, its.netloc, stores[1]):
        return False
    return f"{mine.path.rstrip('/')}/".startswith(f"{its.path.rstrip('/')}/")


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except ArchiveMissing as missing:
        raise LakeMissing(missing.sentence) from None
    except ArchiveUnwritable as unsafe:
        raise LakeMissing(unsafe.sentence, unsafe.hint) from None


def _why(error: Exception) -> str:
    """What the store said, or what kept it from being asked, in a few words."""
    text = _COLOUR.sub("", str(error))
    parts: list[Any] = [" ".join(part.split()).rstrip(".: ") for part in text.split("\u21b3")]
    code = _CODE.search(text)
    if code:
        said = [part for part in parts if "<Code>" not in part]
        return f"{said[-1]}, {code[1]}" if said else code[1]
    return str(parts[-1])
