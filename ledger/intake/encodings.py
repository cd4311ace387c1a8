"""Which encoding a text that is not UTF-8 seems to be in, and how to bring it into UTF-8.

Without a mapping nothing is read by a guess: the person is told how to convert the file. A
spreadsheet that saves it again would spoil ids of more than 15 digits.
"""

import re
from shlex import quote

_PAIRS = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xf7][\xa1-\xfe])*")
"""ASCII, and characters of GB 2312 with both bytes in its own range: text of western Europe in
single bytes hardly ever falls into such pairs."""
_LOOKED_AT = 65_536


def to_utf8(raw: bytes, name: str) -> str:
    """A sentence that says how to convert a file, by its first bytes."""
    encoding = seems(raw[:_LOOKED_AT])
    if encoding is None:
        return "Ask for it in UTF-8, or convert it: iconv -f ENCODING -t UTF-8"
    label, code = encoding
    return (
        f"It seems to be {label}. Convert it, without opening it in a spreadsheet, which would "
        f"spoil long ids: iconv -f {code} -t UTF-8 {quote(name)} > {quote(f'utf8-{name}')}"
    )


def seems(raw: bytes) -> tuple[str, str] | None:
    """The encoding's name for people, and for `iconv`; None where it cannot be determined."""
    whole = raw[: raw.rfind(b"\n") + 1] or raw
    if _PAIRS.fullmatch(whole):
        return "GB18030 (GBK)", "GB18030"
    try:
        text = whole.decode("cp1252")
    except UnicodeDecodeError:
        return None
    non_ascii = [sign for sign in text if ord(sign) > 0x7F]
    if non_ascii and sum(sign.isalpha() for sign in non_ascii) >= len(non_ascii) / 2:
        return "Windows-1252 (Latin-1)", "WINDOWS-1252"
    return None
