"""Facts on their way in: parsed once, kept outside memory, read again for each attempt.

A file of a million facts must not need a gigabyte, and an attempt that meets another writer
starts again without reading its input again (standard input cannot be read twice).
"""

import hashlib
import json
import marshal
from collections.abc import Callable, Iterator
from tempfile import TemporaryFile
from typing import Any, NamedTuple

from ledger.aggregates.base import Event, Fact
from ledger.aggregates.book import BatchFile, FactWithdrawn
from ledger.aggregates.judge import Mention, mentioned
from ledger.intake.rejection import Rejections
from ledger.intake.rows import Parsed
from ledger.kernel.instants import format_instant
from ledger.store.keys import content_digest, id_key
from ledger.usecases.recording.keep_files import Keeping

IN_MEMORY_ROWS = 250_000
"""About 250 MB; beyond that, rows go to a temporary file, piece by piece."""
ROWS_AT_ONCE = 1000


class Staged(NamedTuple):
    """A parsed fact, ready to be keyed and stored."""

    row: int
    type: str
    stream: str
    topic: str
    state: bytes
    at: int
    by: str
    key: bytes
    """Of its (source, id), or of its content with its ordinal among equal ones."""
    content: bytes
    """Digest of type, instant and content: what is compared when the key is known."""
    has_id: bool
    refs: tuple[tuple[str, str, str], ...]
    mention: tuple[Any, ...]
    target: tuple[int | None, bytes | None] | None
    """Of a withdrawal: the position, or the key of the (source, id), that it names."""

    @property
    def mentions(self) -> Mention:
        return Mention(*self.mention)

    def as_sent(self) -> dict[str, Any]:
        """The fact as a row that can be fixed and recorded again."""
        row = {"type": self.type, "at": format_instant(self.at), **json.loads(self.state)}
        return row | ({"by": self.by} if self.by else {})


_staged = Staged._make


def packed(rows: list[Staged]) -> bytes:
    """Staged facts as bytes, for a file or another process of the same program."""
    return marshal.dumps([tuple(row) for row in rows])


def unpacked(piece: bytes) -> list[Staged]:
    """What was packed."""
    return list(map(_staged, marshal.loads(piece)))


class _Plan(NamedTuple):
    """What is worked out once per fact type, so that each fact costs little."""

    type: str
    topic: str
    to_json: Callable[..., bytes]
    refers: bool
    withdraws: bool


_plans: dict[type[Fact], _Plan] = {}


def _plan(kind: type[Fact]) -> _Plan:
    plan = _plans[kind] = _Plan(
        kind.__name__,
        kind.TOPIC,
        kind.__pydantic_serializer__.to_json,
        kind.references is not Event.references or kind.INTRODUCES is not None,
        kind is FactWithdrawn,
    )
    return plan


def staged(row: int, parsed: Parsed) -> Staged:
    """A fact as it is stored and judged, under its key if it is the first of its content."""
    fact, at, by = parsed
    kind = type(fact)
    type_, topic, to_json, refers, withdraws = _plans.get(kind) or _plan(kind)
    state = to_json(fact, exclude_none=True)
    content = content_digest(type_, at, state)
    identity = fact.id
    has_id = identity is not None and not withdraws
    key = id_key(fact.source, identity or "") if has_id else content
    # Plain tuples, as `packed` needs them.
    refs = tuple([(word, name, more) for word, name, more in fact.indexed()]) if refers else ()
    target = _target(fact) if withdraws else None
    said = mentioned(fact, at)
    return tuple.__new__(
        Staged,
        (
            row, type_, fact.stream, topic, state, at, by,
            key, content, has_id, refs, said, target,
        ),
    )  # fmt: skip


class Stage:
    """The facts of one call in the order of its files, each with its file and line."""

    def __init__(self) -> None:
        self.files: list[BatchFile] = []
        self.nameless: dict[str, int] = {}
        """Per file how many columns without a name were skipped."""
        self.profile: str | None = None
        """The mapping that the files are read through."""
        self.keeping: Keeping | None = None
        """What keeps the files themselves, where they are to be kept."""
        self.rejections = Rejections()
        self.count = 0
        self.withdrawal_keys: list[bytes] = []
        self.first_row = 0
        """The row before the first line of the file that is being read."""
        self._spool: Any = None
        self._spooled = 0
        self._buffer: list[Staged] = []
        self._equal: dict[bytes, int] = {}

    def add(self, rows: list[Staged]) -> None:
        """Takes the next facts of the call."""
        equal = self._equal
        for place, row in enumerate(rows):
            if not row.has_id:
                content = row.content
                before = equal.get(content, 0)
                equal[content] = before + 1
                if before:
                    rows[place] = row = row._replace(key=_ordinal(content, before))
                if row.target is not None:
                    self.withdrawal_keys.append(row.key)
        self._buffer.extend(rows)
        self.count += len(rows)
        if len(self._buffer) >= (ROWS_AT_ONCE if self._spool else IN_MEMORY_ROWS):
            self._flush()

    def end_file(self, name: str, sha256: str, rows: int, lines: int) -> None:
        """Closes the file that was being read; rows of the next one are numbered on from it."""
        self.files.append(BatchFile(name=name, sha256=sha256, rows=rows, lines=lines))
        self.first_row += lines

    def place(self, row: int) -> tuple[str, int]:
        """The file's name and the line of a row."""
        before = 0
        for file in self.files:
            if row <= before + file.lines:
                return file.name, row - before
            before += file.lines
        return "", row - before  # of no file: a withdrawal typed by a person

    def rank(self, name: str) -> int:
        """The place of a file among those of the call."""
        return next((n for n, file in enumerate(self.files) if file.name == name), -1)

    def file_of(self, row: int) -> BatchFile:
        """The file of a row."""
        for file in self.files:
            if row <= file.lines:
                return file
            row -= file.lines
        raise AssertionError("a row beyond the last file")

    def __iter__(self) -> Iterator[Staged]:
        if self._spool:
            self._spool.seek(0)
        left = self._spooled
        while left:
            # Whole pieces: marshal reads a file byte by byte.
            size = int.from_bytes(self._spool.read(8), "big")
            rows = unpacked(self._spool.read(size))
            left -= len(rows)
            yield from rows
        yield from self._buffer

    def _flush(self) -> None:
        """Moves what is in memory to the temporary file."""
        if self._spool is None:
            self._spool = TemporaryFile()  # noqa: SIM115  # closed with the stage
        self._spool.seek(0, 2)
        for start in range(0, len(self._buffer), ROWS_AT_ONCE):
            piece = packed(self._buffer[start : start + ROWS_AT_ONCE])
            self._spool.write(len(piece).to_bytes(8, "big") + piece)
        self._spooled += len(self._buffer)
        self._buffer = []


def _ordinal(content: bytes, before: int) -> bytes:
    """The key of a fact without an id: its content and how many equal ones came before."""
    return hashlib.sha256(content + b"\0%d" % before).digest()


def _target(fact: Fact) -> tuple[int | None, bytes | None]:
    assert isinstance(fact, FactWithdrawn)
    named = id_key(fact.source, fact.id) if fact.id is not None else None
    return fact.position, named
