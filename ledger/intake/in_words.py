"""Errors of file formats in plain words: those of the libraries are for programmers."""

import re

_CSV = (
    ("unexpected end of data", "a quote is not closed before the file ends"),
    ("expected after", "something stands behind a closing quote"),
    ("field larger than", "a cell has no end; a quote is not closed, perhaps"),
    ("new-line character", "a line ends inside of a cell without quotes"),
    ("NUL", "it holds a NUL character"),
)
_PACKED = (
    ("not a zip file", "it is no ZIP archive, as workbooks are"),
    ("not a gzipped file", "it is no gzip file"),
    ("CRC", "its content is not what its control sum says"),
    ("ended before", "it is cut off"),
    ("incomplete", "it is cut off"),
    ("password", "it has a password"),
    ("encrypted", "it has a password"),
)
_OURS = re.compile(r"^'[^']*' (?:does not stand|is packed|is cut off|unpacks)")
"""Sentences about a part of a workbook that this project writes itself."""


def of_csv(error: Exception) -> str:
    """Why text is no CSV."""
    return _first(_CSV, str(error), "its quotes or separators do not fit together")


def of_packed(error: Exception) -> str:
    """Why a packed file cannot be unpacked."""
    text = str(error)
    if _OURS.match(text):
        return text
    return _first(_PACKED, text, "a part of it is damaged")


def of_reader(error: Exception) -> str:
    """Why DuckDB gave up on a file, as something that a person can fix."""
    text = str(error)
    if "memory" in text.lower():
        return "it takes more memory than there is for it"
    if "No space left" in text:
        return "there is no room left on the disk for temporary files"
    if re.search(r"maximum line size|line size", text, re.IGNORECASE):
        return "a line has no end; a quote is not closed, perhaps"
    if re.search(r"utf-?8|unicode", text, re.IGNORECASE):
        return "it holds bytes that are no UTF-8 text"
    if re.search(r"quote", text, re.IGNORECASE):
        return "a quote is not closed, or stands inside of a cell"
    if re.search(r"magic bytes|footer|thrift|snappy|decompress|parquet", text, re.IGNORECASE):
        return "it is cut off or damaged"
    return "its rows do not fit under its header"


def _first(words: tuple[tuple[str, str], ...], text: str, other: str) -> str:
    lower = text.lower()
    return next((said for sign, said in words if sign.lower() in lower), other)
