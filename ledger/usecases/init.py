"""Making a book: opened for an entity, with the shipped editions published."""

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from ledger.aggregates.book import BookOpened
from ledger.kernel.errors import MissingFile, Refusal
from ledger.kernel.instants import Instant
from ledger.programs.registry import shipped
from ledger.store import chain
from ledger.store.append import append
from ledger.store.archive.place import archive_at, place_of
from ledger.store.book import Book, shown
from ledger.store.making import create_book
from ledger.store.places import ARCHIVE
from ledger.store.receipts import keep_receipt
from ledger.store.recorder import Writer
from ledger.usecases.recording.files import Progress
from ledger.usecases.recording.record import record_first
from ledger.usecases.terms.publish import append_terms

ENTITY = re.compile(r"platform|(?:partner|merchant|store|creator):[\w.-]{1,64}")
PUBLISHER = "duebook"


class BadEntity(Refusal):
    """A side from which no book can be kept."""

    kind = "usage"

    hint = "Write platform, or a party: partner:P-01, merchant:M-7, store:S-1, creator:C-1."


def init(
    location: str,
    entity: str,
    archive: str | None = None,
    clock_is_right: str | None = None,
    *,
    demo: "Demo | None" = None,
) -> tuple[Book, dict[str, Any]]:
    """Makes a book with its first events, and for a `demo` with the facts of the shipped example,
    in one transaction.

    `archive` is the folder or the URL for its order lines; by default they lie in a folder next to
    a book that is a file. A store has to be reached, and to refuse to replace what is there.

    Raises `BadEntity`, `BadArchive`, `ArchiveMissing`, `ArchiveUnwritable`, `BookExists`,
    `BookMissing` (no such folder or server), `ClockDoubted`.
    """
    if not ENTITY.fullmatch(entity):
        raise BadEntity(f"{entity!r} is not an entity that keeps a book.")
    editions = shipped()
    demo_counts: dict[str, Any] = {}

    def first(writer: Writer) -> None:
        opened = BookOpened(entity=entity, chain=chain.SCHEME, made_by=f"duebook {_version()}")
        append(writer, [opened], by=PUBLISHER)
        append_terms(writer, editions, PUBLISHER)
        if demo is not None:
            answer = record_first(writer, demo_files(), now=demo.now, by="demo", progress=demo.told)
            demo_counts.update(recorded=answer.recorded, warnings=len(answer.warnings))

    settings = {}
    if archive:
        settings[ARCHIVE] = place_of(archive)
        archive_at(settings[ARCHIVE]).prove()
    book = create_book(location, first, settings, clock_is_right)
    head = book.head()
    keep_receipt(book, head)
    return book, {
        "book": shown(location),
        "entity": entity,
        **({"archive": settings[ARCHIVE]} if archive else {}),
        "programs": [edition.program for edition in editions],
        "position": head.position,
        "receipt": head.receipt,
        **demo_counts,
    }


class Demo(NamedTuple):
    """A book that begins with the shipped example: at which instant, and the progress callback."""

    now: Instant
    told: Progress = lambda what, more: None


def demo_files() -> dict[str, str]:
    """The fact files of the shipped example, in the order in which they are recorded, each with
    the name by which the book knows it: the same wherever duebook is installed."""
    files = (path for path in _demo_folder().glob("[0-9]*") if path.suffix in (".csv", ".ndjson"))
    return {str(path): f"fixtures/demo/{path.name}" for path in sorted(files)}


def demo_question() -> str:
    """What to settle first in the shipped example: a program, and the clock to settle it at."""
    return (_demo_folder() / "question.txt").read_text(encoding="utf-8").strip()


def _demo_folder() -> Path:
    """The demo's folder: in the installed package, or in the fixtures of a source tree."""
    here = Path(__file__).resolve().parents[1]
    for folder in (here / "demo", here.parent / "fixtures" / "demo"):
        if folder.is_dir():
            return folder
    raise MissingFile("The demo's files did not come with this installation.", "Reinstall duebook.")


def _version() -> str:
    try:
        return version("duebook")
    except PackageNotFoundError:
        return "from source"
