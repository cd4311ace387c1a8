"""Any file, recognised by its content and not its suffix, as one that the table readers accept.

What is packed is unpacked, and text in another encoding is rewritten in UTF-8, each within a bound,
into the caller's folder.
"""

import codecs
import gzip
import re
import zipfile
import zlib
from pathlib import Path
from typing import IO, Literal, NamedTuple

from ledger.intake.border import MIB, TooLarge, check_ordinary
from ledger.intake.encodings import seems, to_utf8
from ledger.intake.in_words import of_packed
from ledger.intake.tables import parquet_copy
from ledger.intake.tables.archive import BROKEN, sole_file
from ledger.intake.tables.refusals import BadTable
from ledger.kernel.errors import MissingFile

BLOCK_BYTES = MIB
GZIP, ZIP, PARQUET, OLD_WORKBOOK = b"\x1f\x8b", b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
RATIO_MAX = 200
"""Text packs to a tenth or a twentieth; what packs far better is made to fill a disk."""
UNPACKED_FREE = 64 * MIB
LOOKED_AT = 65_536
_PAGE = re.compile(rb"<(?:\?xml|!doctype|html|head|body|meta|table|style|workbook)\b", re.I)
_ARRAY = re.compile(rb"\[\s*[{\[]")
Kind = Literal["text", "json", "workbook", "parquet"]


class PlainFile(NamedTuple):
    """A file as it is read: `name` is what people call it, `path` where its content is now."""

    name: str
    path: Path
    kind: Kind
    encoding: str
    packed: bool
    """Whether it was unpacked."""

    @property
    def is_copy(self) -> bool:
        """Whether the content is elsewhere than in the file."""
        return str(self.path) != self.name


def plain_file(
    name: str, folder: Path, encoding: str | None = None, *, guess: bool = True
) -> PlainFile:
    """Looks at a file. Raises `MissingFile`, `BadTable`, `TooLarge`.

    Of an encoding that is not said only UTF-16 with its mark is certain; others are found by
    their bytes where `guess` says that they may be.
    """
    check_ordinary(name)
    path, packed = Path(name), False
    begins = _begins(path, name)
    if begins.startswith(GZIP):
        path, packed = _unpacked(path, name, folder), True
        begins = _begins(path, name)
        if begins.startswith(GZIP):
            raise BadTable(f"{name} is packed twice.", "Unpack it once: gunzip")
    if begins.startswith(ZIP) and (inside := sole_file(path, name)) is not None:
        path, packed = _out_of_zip(path, inside, name, folder), True
        begins = _begins(path, name)
        if begins.startswith((GZIP, ZIP)):
            raise BadTable(f"{name} is packed twice.", "Unpack it once: unzip")
    if not begins.strip():
        raise BadTable(f"{name} is empty.", "Export it again, or leave it out.")
    if begins.startswith(PARQUET):
        return PlainFile(name, _copied_parquet(path, name, folder), "parquet", "", packed)
    if begins.startswith((ZIP, OLD_WORKBOOK)):
        return PlainFile(name, path, "workbook", "", packed)
    charset = encoding or encoding_of(begins, name, guess=guess)
    if charset != "utf-8":
        path = _in_utf8(path, name, folder, charset)
        begins = _begins(path, name)
    text = begins.removeprefix(codecs.BOM_UTF8).lstrip()
    _refuse_other(text, name)
    return PlainFile(name, path, "json" if text.startswith(b"{") else "text", charset, packed)


def _refuse_other(text: bytes, name: str) -> None:
    """Refuses what is certainly not a table: a page, a document, JSON that is not a line for each
    row."""
    if _PAGE.match(text) or text.startswith(b"%PDF"):
        what = "PDF" if text.startswith(b"%PDF") else "HTML or XML"
        raise BadTable(
            f"{name} is {what}, whatever its name says; expected CSV, XLSX, NDJSON or Parquet.",
            "Export it in another format; or open it in a spreadsheet and save it as XLSX, if no "
            "id of it is longer than 15 digits.",
        )
    if _ARRAY.match(text):
        raise BadTable(
            f"{name} is JSON of one array; expected an object on each line.",
            f"Write it so: jq -c '.[]' {Path(name).name} > {Path(name).stem}.ndjson",
        )


def is_our_csv(path: Path) -> bool:
    """Whether a file is, by what it begins with, text in UTF-8 with commas between its cells; one
    that cannot be read is left to its reader."""
    try:
        with path.open("rb") as file:
            begins = file.read(LOOKED_AT)
    except OSError:
        return True
    if begins.startswith((ZIP, OLD_WORKBOOK, GZIP, PARQUET, *UTF_16)):
        return False
    text = begins.removeprefix(codecs.BOM_UTF8).lstrip()
    header = next((line for line in text.split(b"\n") if line.strip()), b"")
    tabs = b"\t" in header and b"," not in header
    return not (text.startswith(b"{") or tabs or b"\0" in header)


def encoding_of(begins: bytes, name: str, *, guess: bool) -> str:
    """The encoding of a text by its first bytes. Raises `BadTable` where it cannot be
    determined."""
    if begins.startswith(UTF_16):
        return "utf-16"
    if begins.startswith(codecs.BOM_UTF8):
        return "utf-8"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(begins)
    except UnicodeDecodeError:
        pass
    else:
        nulls = begins[:400].count(0)
        if not nulls:
            return "utf-8"
        if nulls >= len(begins[:400]) // 3:
            return "utf-16-be" if begins[:1] == b"\0" else "utf-16-le"
    guessed = seems(begins) if guess else None
    if guessed is None:
        raise BadTable(
            f"{name} is not UTF-8 text.",
            to_utf8(begins, Path(name).name)
            + '. Or say in a mapping what it is: [file] encoding = "gb18030"',
        )
    return guessed[1].lower()


def _begins(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LOOKED_AT)
    except OSError as error:
        raise MissingFile(f"{name} cannot be read: {error.strerror}.", "Check the path.") from None


def _copied_parquet(path: Path, name: str, folder: Path) -> Path:
    try:
        return parquet_copy.copied(path, folder)
    except parquet_copy.NotParquet as error:
        raise BadTable(f"{name} is not a complete Parquet file: {error}.") from None


def _unpacked(path: Path, name: str, folder: Path) -> Path:
    """The content of a gzip file."""
    copy = _new(folder, "unpacked")
    try:
        with gzip.open(path) as file:
            _copy(file, copy, path.stat().st_size, name)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        said = "it is cut off" if isinstance(error, EOFError) else of_packed(error)
        raise BadTable(
            f"{name} is not a complete gzip file: {said}.",
            "It did not arrive whole; copy it again.",
        ) from None
    return copy


def _out_of_zip(path: Path, inside: str, name: str, folder: Path) -> Path:
    """The content of one file of an archive."""
    copy = _new(folder, "unpacked")
    try:
        with zipfile.ZipFile(path) as archive, archive.open(inside) as file:
            _copy(file, copy, path.stat().st_size, name)
    except BROKEN as error:
        raise BadTable(
            f"{name} cannot be unpacked: {of_packed(error)}.",
            "Unpack it yourself, and give what is in it.",
        ) from None
    return copy


def _copy(file: IO[bytes] | gzip.GzipFile, copy: Path, packed_bytes: int, name: str) -> None:
    """Writes what is unpacked, within a bound."""
    most = packed_bytes * RATIO_MAX + UNPACKED_FREE
    size = 0
    with copy.open("xb") as made:
        while block := file.read(BLOCK_BYTES):
            size += len(block)
            if size > most:
                raise TooLarge(
                    f"{name} unpacks to more than {most:,} bytes, as no file of rows does.",
                    "Is it the file that you mean? Otherwise unpack it first.",
                )
            made.write(block)


def _in_utf8(path: Path, name: str, folder: Path, encoding: str) -> Path:
    """The text of a file in UTF-8."""
    copy = _new(folder, "utf8")
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    with path.open("rb") as file, copy.open("xb") as made:
        try:
            while block := file.read(BLOCK_BYTES):
                made.write(decoder.decode(block).encode())
                done += len(block)
            made.write(decoder.decode(b"", True).encode())
        except UnicodeError as wrong:
            start = done + getattr(wrong, "start", 0)
            raise BadTable(
                f"{name} is not {encoding} text: byte {start + 1:,} is none.",
                'Say in a mapping what it is: [file] encoding = "..."',
            ) from None
    return copy


def _new(folder: Path, what: str) -> Path:
    """A path in a folder that nothing has yet."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{what}-{len(list(folder.iterdir()))}"
