"""Writes the cells of a table: to a terminal so that it fits, elsewhere as wide as its content."""

from collections.abc import Collection
from typing import IO

from cli.talk import say
from projections.cells import is_money


def write_plain(file: IO[str], names: list[str], right: set[str], cells: list[list[str]]) -> None:
    """Writes a table as wide as its content, without colour, for a pipe or a file."""
    from rich.cells import cell_len

    table = [names, *cells]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    for row in table:
        padded = [
            " " * (width - cell_len(text)) + text
            if name in right
            else text + " " * (width - cell_len(text))
            for name, width, text in zip(names, widths, row, strict=True)
        ]
        file.write("  ".join(padded).rstrip() + "\n")


def write_on_terminal(
    file: IO[str],
    names: list[str],
    right: set[str],
    pictures: set[str],
    cells: list[list[str]],
    fixed: Collection[str],
) -> None:
    """Writes a table that fits a terminal, in its colours, and says which columns were left out.

    `right`: the columns of numbers; `pictures`: those of pictures.
    """
    from rich.console import Console

    from cli.tables import Column, laid_out, lines

    console = Console(file=file, highlight=False)
    columns = [
        Column(
            name, name in right, is_money(name), [row[number] for row in cells], name in pictures
        )
        for number, name in enumerate(names)
    ]
    laid = laid_out(columns, console.width, fixed)
    for line in lines(laid, console.width):
        console.print(line, soft_wrap=True)
    if laid.left_out:
        say(f"Left out, empty or the same in every row: {', '.join(laid.left_out)}.")
