"""`duebook upgrade` and `duebook export`: books of older versions, and facts for another book."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.deciding import Decision, deciding
from cli.options import Ask, answering, now
from cli.progress import progress
from cli.talk import say
from ledger.kernel.counted import counted

if TYPE_CHECKING:
    from ledger.store.book import Book
    from projections.exporters.lake_places import FolderLake


@click.command()
@deciding
@answering(writes=True)
def upgrade(decision: Decision, ask: Ask) -> int:
    """Let this version write a book of an older one, which that one cannot read any more then.

    Nothing that is recorded changes; reading needs no upgrade.

    \b
    duebook upgrade --by lin --dry-run
    duebook upgrade --by lin
    """
    from ledger.usecases.verifying.upgrade import upgrade as usecase

    where = ask.out

    def show(plan: dict[str, Any]) -> None:
        where.preview().data(plan, [plan])

    question = "Let this version write it, and no earlier one read it any more?"
    with ask.opened() as book:
        answer = usecase(book, by=decision.by, agree=decision.agree(question, show))
    decision.answer(where, answer, [answer])
    if answer["was"] == answer["format"]:
        if where.is_table:
            say("The book is of this version already: nothing was changed.")
        return 0
    return decision.ended(where)


@click.command()
@click.argument("what", type=click.Choice(["facts", "lake"]))
@click.argument("folder", required=False, type=click.Path(file_okay=False), metavar="[FOLDER|URL]")
@answering(clocks=True, formats=("table", "json", "ndjson"))
def export(what: str, folder: str | None, ask: Ask) -> None:
    """Write a book for others to read: its facts, or its lines and entries as a data lake.

    `export facts` writes every fact that counts, as it was recorded: `duebook record` takes the
    file. What was withdrawn is left out; terms, decisions and orders are not facts.

    `export lake FOLDER` writes lines, statements, adjustments, payments, entries and order lines as
    Parquet, each table with a Delta log: Spark, DuckDB, polars and others read it. Each export that
    changes a table adds a version, which says the position that the book was known at. Instead of a
    folder it may be the URL of an object store, s3://BUCKET/PREFIX; its keys come from the
    environment.

    
    duebook export facts -o facts.ndjson
    duebook export facts --as-of 2026-03-31 -o first-quarter.ndjson
    duebook export lake lake
    duebook export lake s3://reports/lake
    """
    if (folder is None) != (what == "facts"):
        raise click.UsageError("Write: export facts [-o FILE], or export lake FOLDER|URL.")
    if folder is not None:
        return _export_lake(folder, ask)
    from ledger.usecases.looking.export_facts import exported_facts

    where = ask.out
    where.format = "ndjson"
    with ask.opened() as book, book.reading() as connection:
        where.data(None, exported_facts(connection, ask.clocks(connection)))
    return None


def _export_lake(folder: str, ask: Ask) -> None:
    from ledger.store.archive.place import is_store
    from projections.exporters.lake import Question, export_lake
    from projections.exporters.lake_places import FolderLake, StoredLake

    with ask.opened() as book, progress() as report:
        lake = StoredLake(folder) if is_store(folder) else FolderLake(Path(folder))
        _refuse_own_places(book, lake, Path(folder))
        question = Question(book, ask.chosen_clocks(book), now(), report)
        at, tables = export_lake(question, lake)
    rows = [table._asdict() for table in tables]
    ask.out.data({"folder": folder, "known_at": at.known_at, "tables": rows}, rows)
    if ask.out.is_table:
        changed = sum(table.new for table in tables)
        say(f"Known at {at.known_at:,}: {counted(changed, 'table')} changed, in {folder}.")


def _refuse_own_places(book: "Book", lake: "FolderLake", typed: Path) -> None:
    """Raises a refusal for a lake where the book or its order lines are."""
    from cli.destination import Destination, check
    from ledger.store.order_lines import NoArchive, archive_of
    from ledger.store.places import own_files, own_folders
    from projections.exporters.lake_places import NotALake, StoredLake, is_inside

    if not isinstance(lake, StoredLake):
        inside = typed / "lines.parquet" if typed.is_dir() else typed
        check([Destination(str(inside))], [], own_files(book.location), own_folders(book.location))
        return
    with book.reading() as connection, suppress(NoArchive):
        if is_inside(lake.url, archive_of(connection).location):
            raise NotALake(f"{lake.plain} is where the order lines of the book are kept.")
