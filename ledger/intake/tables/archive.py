"""A zip archive that holds one file, as platforms deliver their exports."""

import struct
import zipfile
import zlib
from pathlib import Path

from ledger.intake.tables.refusals import BadTable
from ledger.kernel.near import listed

BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, IndexError, RuntimeError),
    *(NotImplementedError, struct.error, OverflowError),
)
"""What reading can raise for a file that is damaged or not an archive."""
_OF_WORKBOOKS = frozenset(("[content_types].xml", "mimetype", "content.xml"))
_ENCRYPTED, _UTF_8 = 0x1, 0x800
_SHOWN = 5


def sole_file(path: Path, name: str) -> str | None:
    """The one file in an archive; None for a workbook, or for what is not a readable archive.

    Raises `BadTable` for one with a password, with several files, or without any.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            files = [part for part in archive.infolist() if not _is_extra(part)]
    except BROKEN:
        return None
    if any(file.filename.lower() in _OF_WORKBOOKS for file in files):
        return None
    if any(file.flag_bits & _ENCRYPTED for file in files):
        raise BadTable(
            f"{name} is packed with a password.",
            "Unpack it with the password that the platform sent, and give the file in it.",
        )
    if len(files) != 1:
        shown = listed([repr(_shown(file)) for file in files], _SHOWN) or "none"
        raise BadTable(
            f"{name} holds {len(files)} files, expected one; found {shown}.",
            "Unpack it, and give the one that you mean.",
        )
    return files[0].filename


def _is_extra(part: zipfile.ZipInfo) -> bool:
    """Whether a part is not a person's file: a folder, a hidden file, or one that macOS adds."""
    hidden = part.filename.rpartition("/")[2].startswith(".")
    return not part.filename or part.is_dir() or part.filename.startswith("__MACOSX/") or hidden


def _shown(part: zipfile.ZipInfo) -> str:
    """A name as people see it: archives made in China write it in their own encoding."""
    if part.flag_bits & _UTF_8:
        return part.filename
    raw = part.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return part.filename
