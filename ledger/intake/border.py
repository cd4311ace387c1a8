"""Which files may be read at all: ordinary ones, of a size that is known before they are."""

import stat
from pathlib import Path

from ledger.kernel.errors import MissingFile, Refusal

SENT = "Send what it gives through standard input, or save it as a file first."
MIB = 1024 * 1024
COLUMNS_MAX = 16_384
"""The columns of a spreadsheet's sheet; anything wider is not a header."""


class TooLarge(Refusal):
    """A file larger than its kind may be, which would take too much memory."""


def check_ordinary(path: str) -> None:
    """Raises `MissingFile` for a device, a named pipe or a socket, which may never end.

    A pipe made by the shell, `<(...)`, has a writer and is accepted.
    """
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        raise MissingFile(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return
    if stat.S_ISFIFO(mode) and not Path(path).resolve().exists():
        return
    kind = "a named pipe" if stat.S_ISFIFO(mode) else "a device or a socket"
    raise MissingFile(f"{path} is {kind}, not a file.", SENT)


def read_bounded(path: str, most: int) -> bytes:
    """The bytes of a file, at most `most` of them. Raises `MissingFile`, `TooLarge`."""
    check_ordinary(path)
    try:
        with Path(path).open("rb") as file:
            raw = file.read(most + 1)
    except OSError as error:
        raise MissingFile(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None
    if len(raw) > most:
        raise TooLarge(
            f"{path} is larger than the {most // MIB:,} MiB that a file of its kind may have.",
            "Is it the file that you mean? Otherwise split it.",
        )
    return raw
