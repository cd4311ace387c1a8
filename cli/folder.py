"""A folder that a command fills with files: all of them are checked before one is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from cli.destination import OTHER_NAME, Destination, check
from cli.talk import is_terminal
from ledger.kernel.errors import OutputExists, OutputRefused
from projections.file_names import file_names


@dataclass(frozen=True)
class Folder:
    """A folder as typed, which is made if it does not exist."""

    typed: str
    suffix: str
    overwrite: bool
    book: str

    def files_for(self, names: Sequence[str]) -> list[Destination]:
        """A file for each name, in the folder.

        Raises `OutputRefused` for a place that is not a folder or is the book's own, and
        `OutputExists` for files that may not be replaced.
        """
        from ledger.store.places import own_files, own_folders

        folder = Path(self.typed)
        if folder.exists() and not folder.is_dir():
            raise OutputRefused(f"{self.typed} is not a folder.", OTHER_NAME)
        if not folder.exists() and not folder.parent.is_dir():
            raise OutputRefused(f"{folder.parent} is not a folder to make one in.", OTHER_NAME)
        made = not folder.exists()
        folder.mkdir(exist_ok=True)
        try:
            outputs = [
                Destination(str(folder / f"{name}{self.suffix}"), overwrite=True, quiet=True)
                for name in file_names(names)
            ]
            for output in outputs:
                check([output], [], own_files(self.book), own_folders(self.book))
            self._refuse_existing(
                [destination for destination in outputs if destination.found is not None]
            )
        except BaseException:
            if made:
                folder.rmdir()
            raise
        return outputs

    def _refuse_existing(self, there: Sequence[Destination]) -> None:
        """Raises `OutputExists` unless they may be replaced; on a terminal it asks once."""
        if self.overwrite or not there:
            return
        word = "file is" if len(there) == 1 else "files are"
        said = f"{len(there):,} {word} in {self.typed} already, such as {there[0].path.name}."
        if not (is_terminal() and click.confirm(f"{said} Replace them?", err=True)):
            raise OutputExists(said, "Nothing was done. Name another folder, or add --overwrite.")
