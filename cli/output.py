"""The only place that prints answers: tables for people, JSON, CSV and NDJSON for programs.

Data goes to standard output or a file, talk to standard error. An amount is never cut short:
off a terminal a table is as wide as its content.
"""

import json
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click

from cli.destination import Destination
from cli.pictures import Pictured, can_show, picture_columns
from cli.printing import write_on_terminal, write_plain
from cli.talk import point_away, say, say_what_is_done
from ledger.kernel.counted import grouped
from ledger.kernel.instants import DEFAULT_ZONE, wall_clock
from ledger.kernel.shown import visible, visible_cell, visible_json
from projections.cells import NUMBER, PerCurrency, cell, is_money, is_number, is_number_column
from projections.exporters.indented_json import indented_pieces
from projections.exporters.rows_csv import write_csv

FORMATS = ("table", "json", "csv", "ndjson", "xlsx", "parquet")
SUFFIXES = {
    **{f".{name}": name for name in ("json", "csv", "ndjson")},
    ".txt": "table",
    **{f".{name}": name for name in ("xlsx", "parquet")},
}
BINARY = {"xlsx": "workbook", "pdf": "PDF", "parquet": "Parquet file"}
"""What is never written to a terminal, and what it is called."""
BOM = "\ufeff"
"""Without it a spreadsheet that opens CSV directly misreads UTF-8."""
WIDE = 100_000
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z")
DIGESTS = ("digest", "hash", "sha256")
DIGEST_SHOWN = 19


@dataclass
class Out:
    """A format, a destination, and the zone in which instants are shown: that of the program in
    question."""

    format: str
    destination: Destination | None
    zone: str = DEFAULT_ZONE
    to_talk: bool = False
    """Whether it goes to standard error, as talk does."""
    bom: bool = True
    """Whether CSV in a file begins with a byte order mark."""

    def into(self, destination: Destination) -> "Out":
        """The same format, in a file."""
        return Out(self.format, destination, self.zone, bom=self.bom)

    @classmethod
    def chosen(
        cls,
        format_: str | None,
        output: Destination | None,
        also: tuple[str, ...] = (),
        bom: bool = True,
    ) -> "Out":
        """The format that was asked for, or that of the file's suffix, or a table."""
        if format_ is None and output is not None:
            suffixes = SUFFIXES | {f".{name}": name for name in also}
            format_ = suffixes.get(Path(output.typed).suffix.lower())
            if format_ is None:
                raise click.UsageError(
                    f"-o {output}: the suffix names no format. "
                    f"Use {', '.join(suffixes)}, or add --format."
                )
        if format_ in BINARY and output is None:
            raise click.UsageError(f"A {BINARY[format_]} needs a file: -o FILE.{format_}")
        return cls(format_ or "table", output, bom=bom)

    def preview(self) -> "Out":
        """A table on standard error, for what is about to be decided."""
        return Out("table", None, self.zone, to_talk=True)

    @property
    def is_table(self) -> bool:
        return self.format == "table"

    def data(
        self,
        answer: Any,
        rows: Iterable[dict[str, Any]],
        *,
        fixed: Collection[str] = (),
        pictured: Pictured | None = None,
    ) -> None:
        """Writes an answer: whole as JSON, or its rows as CSV, NDJSON or a table.

        `fixed`: columns that the question restricts to a single value; `pictured`: adds columns of
        pictures to the rows, for a terminal that can show them.
        """
        if self.format in ("xlsx", "parquet"):
            self._typed(rows)
            return
        with self._opened() as file:
            match self.format:
                case "json":
                    file.writelines(indented_pieces(answer, any_script=_any_script(file)))
                case "ndjson":
                    for row in rows:
                        text = json.dumps(row, ensure_ascii=not _any_script(file))
                        file.write(visible_json(text) + "\n")
                case "csv":
                    self._mark(file)
                    write_csv(file, rows)
                case _:
                    self._table(file, list(rows), fixed, pictured)

    def time(self, instant: str) -> str:
        """An instant in the program's zone, to the second: `2026-03-02 10:20:00 +08:00`."""
        return wall_clock(instant, self.zone)

    def clocks(self, answer: dict[str, Any]) -> str:
        """The clocks of an answer: `2026-07-01 00:00:00 +08:00, known at 1662`."""
        return f"{self.time(answer['as_of'])}, known at {answer['known_at']}"

    def text(self, lines: Iterable[str]) -> None:
        """Writes plain lines, for answers whose table is a text: each is one line."""
        with self._opened() as file:
            for line in lines:
                file.write(visible(line) + "\n")

    def page(self, text: str) -> None:
        """Writes a page as it is: what it shows was made visible where it was put in."""
        with self._opened() as file:
            file.write(text)

    def export(self, lines: Iterable[str]) -> None:
        """Writes a text of another program's format, which may quote line breaks."""
        with self._opened() as file:
            if self.format == "csv":
                self._mark(file)
            for line in lines:
                file.write(visible_cell(line) + "\n")

    def _table(
        self,
        file: IO[str],
        rows: Sequence[dict[str, Any]],
        fixed: Collection[str],
        pictured: Pictured | None,
    ) -> None:
        if not rows:
            say("No rows.")
            return
        if pictured is not None and can_show(file):
            rows = pictured(rows)
        names = list(dict.fromkeys(name for row in rows for name in row if name != "explanation"))
        right = {
            n for n in names if is_number_column(n) and all(is_number(row.get(n)) for row in rows)
        }
        cells = [[self._shown(name, row.get(name)) for name in names] for row in rows]
        if file.isatty():
            write_on_terminal(
                file, [*map(visible, names)], right, picture_columns(rows), cells, fixed
            )
        else:
            write_plain(file, [*map(visible, names)], right, cells)

    def _shown(self, name: str, value: Any) -> str:
        """A cell of a table: thousands separated, instants in local time to the second, codes in
        words, digests shortened."""
        if isinstance(value, PerCurrency):
            return visible(value.grouped)
        text = visible(cell(value))
        if isinstance(value, str):
            if INSTANT.fullmatch(text):
                return self.time(text)
            if name in DIGESTS:
                return text[:DIGEST_SHOWN]
            if name == "why" and text:
                from ledger.programs.words import in_words

                return in_words(text)
        if is_money(name) and NUMBER.fullmatch(text):
            return grouped(text)
        return text

    def _mark(self, file: IO[str]) -> None:
        if self.bom and self.destination is not None:
            file.write(BOM)

    def _typed(self, rows: Iterable[dict[str, Any]]) -> None:
        """Writes a workbook, or a Parquet file, which has types of its own."""
        if self.format == "parquet":
            from projections.exporters import rows_parquet

            with self.binary() as file:
                rows_parquet.write(rows, file)
            return
        from projections.exporters.table_xlsx import write

        def text_of(value: Any) -> str:
            return visible_cell(cell(value))

        with self.binary() as file:
            write(rows, file, zone=self.zone, text_of=text_of, is_number=is_number_column)

    @contextmanager
    def binary(self) -> Iterator[IO[bytes]]:
        """The file for bytes, moved to its place when it is complete."""
        assert self.destination is not None, "a binary format comes with -o"
        with self.destination.binary() as file:
            yield file

    @contextmanager
    def _opened(self) -> Any:
        try:
            if self.to_talk:
                yield sys.stderr
            elif self.destination is None:
                yield sys.stdout
                sys.stdout.flush()
            else:
                with self.destination.opened(errors="backslashreplace") as file:
                    yield file
        except BrokenPipeError:
            # The reader of our output has closed it. Redirect it, so that the exit is quiet.
            point_away()
            say_what_is_done("whoever reads it has gone")
            raise click.exceptions.Exit(0) from None


def _any_script(file: IO[str]) -> bool:
    """Whether the file's encoding can write every character."""
    name = getattr(file, "encoding", None) or "utf-8"
    return name.lower().replace("_", "-").startswith("utf")


def show(file: IO[str], renderable: Any) -> None:
    """Renders with rich; off a terminal as wide as necessary and without trailing blanks."""
    from rich.console import Console

    if file.isatty():
        Console(file=file, highlight=False).print(renderable)
        return
    shown = Console(file=file, highlight=False, width=WIDE, force_terminal=False, no_color=True)
    with shown.capture() as captured:
        shown.print(renderable)
    for line in captured.get().splitlines():
        file.write(line.rstrip() + "\n")
