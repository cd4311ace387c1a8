"""Where a book is on the disk: its file, the files next to it, the folders of its order lines and
of the input files that it keeps."""

import sqlite3
from pathlib import Path

from ledger.kernel.errors import Refusal
from ledger.store.archive.place import archive_at

SIDE_FILES = ("-wal", "-shm", "-journal", ".receipts", ".secrets", ".verified")
"""What SQLite and the book keep next to its file, by the suffix of the name."""
ARCHIVE = "orders"
"""The key under which a book remembers its archive's folder or URL, where it has one of its own."""
ORDERS = ".orders"
"""The suffix of the folder of order lines next to a book that was made without one of its own."""
FILES = ".files"
"""The suffix of the folder of input files that a book keeps."""
_SQLITE = b"SQLite format 3\0"


def looks_like_sqlite(path: Path) -> bool:
    """Whether a regular file begins as a SQLite database does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def own_files(location: str) -> list[Path]:
    """The book's file and those next to it, whether they exist or not; a book on a server has none.

    By the name as given and by the file that it leads to: a link has its side files there.
    """
    from ledger.store.book import is_url

    if is_url(location):
        return []
    named = dict.fromkeys([Path(location), Path(location).resolve()])
    return [Path(f"{path}{suffix}") for path in named for suffix in ("", *SIDE_FILES)]


def kept_folder(book: Path) -> Path:
    """The folder of the input files that a book keeps, by the book's own file."""
    return Path(f"{book}{FILES}")


def own_folders(location: str) -> dict[Path, str]:
    """The folders of the book, whether they are there or not, and what each is in words."""
    from ledger.store.book import is_url

    lines = "the folder of the book's order lines"
    if is_url(location):
        return dict.fromkeys(_folder_of_a_server(location), lines)
    named = list(dict.fromkeys([Path(location), Path(location).resolve()]))
    orders = [*(Path(f"{path}{ORDERS}") for path in named), *_folder_named_in(named[-1])]
    kept = dict.fromkeys(map(kept_folder, named), "the folder of the files that the book keeps")
    return dict.fromkeys(orders, lines) | kept


def _folder_of_a_server(location: str) -> list[Path]:
    from ledger.store.book import open_book
    from ledger.store.order_lines import archive_of

    try:
        book = open_book(location, readonly=True)
        try:
            with book.reading() as connection:
                return [archive_of(connection).folder]
        finally:
            book.close()
    except Refusal:  # no book yet, none that can be read, or none with a folder
        return []


def _folder_named_in(path: Path) -> list[Path]:
    """The folder that a book was made with, read without leaving anything next to its file."""
    if not looks_like_sqlite(path):
        return []
    quiet = "" if Path(f"{path}-wal").exists() else "&immutable=1"
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro{quiet}", uri=True)
        try:
            sql = "SELECT value FROM duebook_meta WHERE key = ?"
            return [archive_at(named).folder for (named,) in connection.execute(sql, (ARCHIVE,))]
        finally:
            connection.close()
    except sqlite3.Error:  # not a book: opening it says so
        return []


def database_of(path: Path) -> Path | None:
    """The SQLite database that a path is, or one of whose own files it is."""
    if looks_like_sqlite(path):
        return path
    for place in (path, *path.parents):
        for suffix in (*SIDE_FILES, ORDERS, FILES):
            database = Path(str(place).removesuffix(suffix))
            if database != place and database.name and looks_like_sqlite(database):
                return database
    return None
