"""A folder that a command fills with files: all of them are checked before one is written."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from cli.destination import OTHER_NAME, Destination, check
from cli.talk import is_terminal
from ledger.kernel.errors import OutputExists, OutputRefused

NAME_MAX = 200
"""File systems allow 255 bytes; a longer name is cut and gets the beginning of its digest."""


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


def file_names(ids: Sequence[str]) -> list[str]:
    """File names for ids: `/` becomes `,` and `:` becomes `=`. Names that differ only in case, and
    those that are too long, get 8 digits of the id's digest."""
    plain = [id_.replace("/", ",").replace(":", "=") for id_ in ids]
    folded = Counter(name.casefold() for name in plain)
    names = []
    for name, id_ in zip(plain, ids, strict=True):
        long = len(name.encode()) > NAME_MAX
        if long:
            name = name.encode()[:NAME_MAX].decode(errors="ignore")
        if long or folded[id_.replace("/", ",").replace(":", "=").casefold()] > 1:
            name += "-" + hashlib.sha256(id_.encode()).hexdigest()[:8]
        names.append(name)
    return names
