"""Where answers go: the options that name a file or a folder, and how these are checked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from cli.destination import INPUT, OUTPUT_FILE, Destination, check
from cli.output import SUFFIXES, Out

if TYPE_CHECKING:
    from cli.folder import Folder

OUTPUT = click.option(
    *("-o", "--output"),
    type=OUTPUT_FILE,
    metavar="FILE",
    help="Write there; the suffix chooses the format.",
)
OVERWRITE = click.option(
    "--overwrite", is_flag=True, help="Replace files that are there [ask, or refuse]."
)
NO_BOM = click.option(
    "--no-bom", is_flag=True, help="CSV in a file without the mark that spreadsheets ask for."
)


def outputs_of(given: dict[str, Any]) -> dict[str, Destination | None]:
    """The files that this call is to write, by the names of their options."""
    overwrite = given.pop("overwrite")
    names = [parameter.name or "" for parameter in _parameters() if parameter.type is OUTPUT_FILE]
    typed = {name: given[name] for name in names}
    return {name: text and Destination(text, overwrite) for name, text in typed.items()}


def folder_of(given: dict[str, Any], book: str) -> "tuple[Out, Folder]":
    """The format of the files to write, and the folder that `-o` names instead of a file."""
    from cli.folder import Folder

    typed, overwrite = given.pop("output"), given.pop("overwrite")
    if typed is None:
        raise click.UsageError("Name the folder to fill: -o FOLDER")
    format_ = given.pop("format_") or "xlsx"
    endings = {name: ending for ending, name in reversed(SUFFIXES.items())}
    suffix = endings.get(format_, f".{format_}")
    out = Out(format_, None, bom=not given.pop("no_bom"))
    return out, Folder(typed, suffix, overwrite, book)


def look_at_outputs(given: dict[str, Any], books: Sequence[str] | None) -> None:
    """Checks the files to write before the call does anything.

    Raises `OutputRefused` for one that would damage a book that is asked, an input or another
    output, and `OutputExists`.
    """
    outputs = [value for value in given.values() if isinstance(value, Destination)]
    if not outputs:
        return
    from ledger.store.places import own_files, own_folders

    values = [
        given.get(parameter.name or "") or ()
        for parameter in _parameters()
        if parameter.type is INPUT
    ]
    inputs = [name for value in values for name in ((value,) if isinstance(value, str) else value)]
    files = [path for book in books or () for path in own_files(book)]
    folders = {path: what for book in books or () for path, what in own_folders(book).items()}
    check(outputs, inputs, files, folders)


def _parameters() -> list[click.Parameter]:
    return click.get_current_context().command.params
