"""A file that somebody writes to while it is read is refused, whoever reads it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ledger.intake.platform import mapped_file, orderfile
from ledger.intake.platform.how import How
from ledger.intake.tables.mappings import parsed
from ledger.intake.unchanged_file import FileChanged
from ledger.kernel.errors import MissingFile
from ledger.usecases.reconciling.platform_file import OUR_HEADERS, platform_file
from ledger.usecases.recording import files
from tests.platform_files import in_memory
from tests.quarter import NOW

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Written = Callable[[Any, str], None]
OF_FACTS = """name = "m"\nfor = "StoreClosed"\n[columns]\nstore = "Shop"
reason = "Why"\nat = "When"\n"""
BY_ORDER = """name = "m"\nfor = "reconcile"\n[columns]\norder_id = "Nr"\nstore = "Shop"
amount = "Paid"\ncurrency = "Cur"\n"""
BY_LINE = """name = "m"\nfor = "reconcile"\n[columns]\nline = "Nr"\namount = "Paid"
currency = "Cur"\n"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """Has a row appended to the file when a function is through."""

    def to_follow(module: Any, name: str) -> None:
        function = getattr(module, name)

        def meanwhile(*args: Any, **named: Any) -> Any:
            done = function(*args, **named)
            with (tmp_path / "a.csv").open("a") as stream:
                stream.write("x\n")
            return done

        monkeypatch.setattr(module, name, meanwhile)

    return to_follow


def test_facts_of_a_file_that_changes_are_refused(
    tmp_path: Path, written: Written, made_books: Any
) -> None:
    """Nothing of it is recorded."""
    from ledger.usecases.recording.record import record

    path = tmp_path / "a.csv"
    path.write_text("Shop,Why,When\nS-1,voluntary,2026-01-01T00:00:00Z\n", encoding="utf-8")
    book = made_books.copy(lambda book, folder: None, str(tmp_path / "book.db"))
    through = files.Through(parsed(OF_FACTS, "m"))
    written(files, "plain_of")
    with pytest.raises(FileChanged):
        record(book, [str(path)], now=NOW, by="test", through=through)
    book.close()


@pytest.mark.parametrize(
    ("mapping", "header", "module", "name"),
    [
        (BY_LINE, "Nr", mapped_file, "opened_file"),
        (BY_ORDER, "Nr,Shop", mapped_file, "opened_file"),
        (None, "order_id,store", orderfile, "_read"),
    ],
    ids=["by line", "by order", "our headers"],
)
def test_a_file_of_the_platform_that_changes_is_refused(
    tmp_path: Path, written: Written, mapping: str | None, header: str, module: Any, name: str
) -> None:
    """Its digest would be that of another file than was compared."""
    names = "amount,currency" if mapping is None else "Paid,Cur"
    cells = "1,S-1" if "," in header else "S-1"
    path = tmp_path / "a.csv"
    path.write_text(f"{header},{names}\n{cells},1.00,USD\n", encoding="utf-8")
    how = OUR_HEADERS if mapping is None else How(parsed(mapping, "m"))
    written(module, name)
    with in_memory() as database, pytest.raises(FileChanged):
        _load(database, path, how)


def _load(database: "DuckDBPyConnection", path: Path, how: How) -> None:
    with platform_file(str(path), how, flip_sign=False) as given:
        assert given.load is not None, "only a file by line is read at once"
        given.load(database)


def test_a_pipe_is_not_read_through_a_mapping(tmp_path: Path) -> None:
    """It cannot be read twice."""
    import os

    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(MissingFile),
        platform_file(str(tmp_path / "pipe"), How(parsed(BY_LINE, "m")), flip_sign=False),
    ):
        pass
