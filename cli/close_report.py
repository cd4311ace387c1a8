"""`duebook report close`: a period as one page, or its figures."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.folder import Folder
from cli.options import Ask
from cli.output import Out
from cli.pictures import with_bars
from cli.talk import say
from ledger.kernel.counted import counted
from projections.file_names import file_names

if TYPE_CHECKING:
    from projections.pages.close_report import CloseReport

CLOSE = "close"
SUFFIX = ".html"


def refuse_of_close(program: str | None, where: Out) -> None:
    """Raises a usage error for what other reports than this one do not have."""
    if program is not None:
        raise click.UsageError(f"Only `report {CLOSE}` takes a PROGRAM.")
    if where.format == "html":
        raise click.UsageError(f"Only `report {CLOSE} PROGRAM` is written as HTML.")


def report_close(program: str | None, period: str | None, ask: Ask) -> int:
    """Writes the report of a period: as HTML, as data, or its totals by payee as a table."""
    from projections.pages.close_report import close_report

    if program is None:
        raise click.UsageError("Say of which program: duebook report close PROGRAM [PERIOD]")
    where = ask.out
    with ask.opened() as book, book.reading() as connection:
        run = ask.run(connection, program, period)
        report = close_report(connection, run, period)
        if where.format == "html":
            return _write(report, ask, book.location)
    if where.is_table:
        where.data(None, report.payees(), pictured=with_bars)
    elif where.format == "json":
        where.data(report.as_json(), ())
    else:
        where.data(None, [line.as_json() for line in report.lines])
    if where.is_table:
        say("")
        say("The whole report, to read and to send: -o FILE.html")
    return 0


def _write(report: "CloseReport", ask: Ask, location: str) -> int:
    """The page; of more lines than it shows a page for each payee, in a folder next to it."""
    from projections.pages.close_page import is_whole, pages

    edition, period = report.settlement.edition, report.settlement.period
    title = f"{edition.program} {period}" if period else edition.program
    where, output = ask.out, ask.out.destination
    payees = [payee for payee, _ in report.by_payee()]
    files: dict[str, str] = {}
    outputs = []
    if not is_whole(report):
        if output is None:
            said = f"The report has {counted(len(report.lines), 'line')}: pages for its payees."
            raise click.UsageError(f"{said} Name a file for it: -o FILE.html")
        folder = Path(output.typed).with_suffix("")
        names = file_names(payees)
        files = {
            payee: f"{folder.name}/{name}{SUFFIX}"
            for payee, name in zip(payees, names, strict=True)
        }
        outputs = Folder(str(folder), SUFFIX, output.overwrite, location).files_for(payees)
    by_payee = dict(zip(payees, outputs, strict=True)) if outputs else {}
    for page in pages(report, title, files):
        if page.payee:
            with by_payee[page.payee].opened() as file:
                file.write(page.text)
        else:
            where.page(page.text)
    if outputs:
        say(f"Wrote {counted(len(outputs), 'page')} for payees next to it, in {folder}.")
    return 0
