"""Recording facts: all the files of a call in one transaction, or none of them.

Parsing, checking, keying and judging happen before the write lock is taken; under the lock only
the head is compared and the rows are chained and inserted. If another writer has moved the head,
the decision is made again from what was staged.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from heapq import merge
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.judge import Surprise
from ledger.intake.rejection import Rejection, Rejections
from ledger.kernel.garbage import no_cycles
from ledger.kernel.instants import Instant
from ledger.store.book import Book
from ledger.store.receipts import keep_receipt
from ledger.store.recorder import Writer
from ledger.store.schema import FORMAT
from ledger.usecases.recording.commit import Decision, write, write_under
from ledger.usecases.recording.files import Progress, read_file
from ledger.usecases.recording.keep_files import Keeping
from ledger.usecases.recording.second_process import Helper
from ledger.usecases.recording.stage import Stage, Staged
from ledger.usecases.recording.tables import OUR_OWN, Through
from ledger.usecases.recording.verdicts import Decided, decide
from ledger.usecases.recording.warnings_of_call import Call, Feeds, warnings_of

ATTEMPTS = 5
NOT_STRICT = "Without --strict it would be recorded, and wait for what it lacks."


@dataclass
class RecordAnswer:
    """What a call did, or would have done."""

    recorded: int
    known: int
    position: int
    receipt: str
    still_withdrawn: int = 0
    known_rows: list[dict[str, Any]] = field(default_factory=list)
    """The first thousand rows that were skipped as known: file, line, and the position of the
    fact that the book holds, None where an earlier row of the call is equal."""
    rejected: Rejections = field(default_factory=Rejections)
    warnings: list[Rejection] = field(default_factory=list)
    nameless: dict[str, int] = field(default_factory=dict)
    """Per file how many columns without a name were skipped."""
    kept: list[str] = field(default_factory=list)
    """Where the files themselves were kept."""

    def as_json(self) -> dict[str, Any]:
        """The answer in the shape of the public contract."""
        return {
            "recorded": self.recorded,
            "known": self.known,
            "known_rows": self.known_rows,
            "still_withdrawn": self.still_withdrawn,
            "rejected": [rejection.as_json() for rejection in self.rejected],
            "warnings": [warning.as_json() for warning in self.warnings],
            "nameless_columns": self.nameless,
            "kept_files": self.kept,
            "position": self.position,
            "receipt": self.receipt,
        }


def record(
    book: Book,
    files: Iterable[str],
    *,
    now: Instant,
    by: str,
    default_type: str | None = None,
    strict: bool = False,
    keep_good: bool = False,
    dry_run: bool = False,
    keep_files: bool = False,
    helped: bool = False,
    through: Through = OUR_OWN,
    progress: Progress = lambda what, more: None,
) -> RecordAnswer:
    """Records the facts of the files, each once, for ever.

    Files with headers of their own are read `through` a mapping.

    With `keep_good` the rejected rows are left out and the others recorded; otherwise one
    rejected row means that nothing is. `strict` turns warnings into rejections. `helped` lets a
    second process read half of a long file; see `Helper` for what that requires. With `keep_files`
    the files themselves are kept beside the book, if anything is recorded; see `Keeping` for what
    that raises. Raises `MissingFile`, `ReadOnlyBook`, `ClockDoubted`, or `BookLocked` when the
    write lock cannot be had.
    """
    if book.writable and book.format == FORMAT and not dry_run:
        book.log.clock_trusted()  # before facts are found to lie in the future of a wrong clock
    stage = Stage()
    stage.profile = through.profile
    keeping = Keeping(book) if keep_files else None
    if keeping and book.writable and not dry_run:
        stage.keeping = keeping
    with no_cycles(), stage.keeping or nullcontext():
        with Helper(helped) as helper:
            for name in files:
                read_file(stage, name, now, default_type, progress, helper, through)
        same = list(_same_files(stage))
        answer = record_stage(
            book,
            stage,
            by=by,
            strict=strict,
            keep_good=keep_good,
            dry_run=dry_run,
            progress=progress,
            also_rejected=same if strict else (),
        )
        if not strict:
            answer.warnings[:0] = same
        return answer


def record_first(
    writer: Writer, files: Mapping[str, str], *, now: Instant, by: str, progress: Progress
) -> RecordAnswer:
    """Records the facts of files in the transaction that makes their book: all or nothing.

    `files`: per path the name under which the book is to know the file.
    """
    stage = Stage()
    with no_cycles():
        with Helper(False) as helper:
            for path, name in files.items():
                read_file(stage, path, now, None, progress, helper, known_as=name)
        outcome = _decide(writer.connection, stage, strict=False)
        answer = _answer(stage, outcome, (), keep_good=False)
        assert not answer.rejected, "only what is good comes with a new book"
        progress("recording", 0)
        write_under(writer, outcome.decision(stage), by, progress)
    return answer


def record_stage(
    book: Book,
    stage: Stage,
    *,
    by: str,
    strict: bool = False,
    keep_good: bool = False,
    dry_run: bool = False,
    progress: Progress = lambda what, more: None,
    also_rejected: Sequence[Rejection] = (),
) -> RecordAnswer:
    """Decides and writes what is staged; rejects `also_rejected` with it. See `record`."""
    for attempt in range(1, ATTEMPTS + 1):
        with _settled(book, alone=attempt == ATTEMPTS) as (connection, writer):
            outcome = _decide(connection, stage, strict=strict)
            answer = _answer(stage, outcome, also_rejected, keep_good=keep_good)
            refused = bool(answer.rejected) and not keep_good
            if refused or dry_run or not outcome.decided.new:
                return answer
            progress("recording", 0)
            decision = outcome.decision(stage)
            if writer is None:
                head = write(book, decision, by, progress)
            else:
                head = write_under(writer, decision, by, progress)
        if head is not None:
            keep_receipt(book, head)
            answer.position, answer.receipt = head.position, head.receipt
            answer.kept = stage.keeping.kept if stage.keeping else []
            return answer
    raise AssertionError("nobody else writes under the lock")


@contextmanager
def _settled(book: Book, *, alone: bool) -> Iterator[tuple[Connection, Writer | None]]:
    """Where a call is decided: on a plain connection, or `alone` under the write lock.

    While another process records little and often, a large call would never find the head where
    it left it; after some attempts it makes the others wait instead.
    """
    if alone:
        with book.log.writing() as writer:
            yield writer.connection, writer
    else:
        with book.reading() as connection:
            yield connection, None


def _answer(
    stage: Stage, outcome: "_Outcome", also_rejected: Sequence[Rejection], *, keep_good: bool
) -> RecordAnswer:
    def place(rejection: Rejection) -> tuple[int, int]:
        return stage.rank(rejection.file), rejection.line

    decided = outcome.decided
    others = sorted([*outcome.refused, *also_rejected], key=place)
    rejected = Rejections(merge(stage.rejections, decided.rejections, others, key=place))
    return RecordAnswer(
        0 if rejected and not keep_good else decided.new,
        decided.known,
        decided.head.position,
        decided.head.receipt,
        decided.still_withdrawn,
        [_passed_over(stage, *known_row) for known_row in decided.passed_over],
        rejected,
        outcome.warnings,
        stage.nameless,
    )


def _passed_over(stage: Stage, row: int, position: int | None) -> dict[str, Any]:
    file, line = stage.place(row)
    return {"file": file, "line": line, "position": position}


class _Outcome(NamedTuple):
    """What was decided about a call at one head of the log."""

    decided: Decided
    warnings: list[Rejection]
    refused: list[Rejection]
    feeds: Feeds
    streams: set[str]

    def decision(self, stage: Stage) -> Decision:
        """What the writer needs."""
        return Decision(stage, self.decided, self.streams, self.feeds)


def _decide(connection: Connection, stage: Stage, *, strict: bool) -> _Outcome:
    """Decides; if `strict`, decides again without the facts that came with a warning."""
    refused: list[Rejection] = []
    excluded: set[int] = set()
    while True:
        call = Call()
        decided = decide(connection, stage, excluded, call.see)
        surprised, feeds = warnings_of(connection, stage, decided, call)
        warnings = [_warning(stage, row, surprise) for row, surprise in surprised]
        if not strict or not warnings:
            return _Outcome(decided, warnings, refused, feeds, call.streams)
        refused += [warning._replace(hint=NOT_STRICT) for warning in warnings]
        excluded |= {row.row for row, _ in surprised}


def _same_files(stage: Stage) -> Iterator[Rejection]:
    """Files of one call with the same bytes: usually one export given twice by mistake."""
    first: dict[str, str] = {}
    for file in stage.files:
        name = first.get(file.sha256)
        first.setdefault(file.sha256, file.name)
        if file.rows and name is not None:
            said = f"has the same content as {name}; its facts without an id count in both."
            hint = "Give it once if it is a copy."
            yield Rejection(file.name, 1, None, "same_file", said, hint)


def _warning(stage: Stage, row: Staged, surprise: Surprise) -> Rejection:
    file, line = stage.place(row.row)
    return Rejection(
        file, line, row.type, surprise.code, surprise.sentence, surprise.hint, row.as_sent()
    )
