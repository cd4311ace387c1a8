"""Text that is safe to show: invisible characters and terminal commands are written as escapes.

A line break in a name would forge a row of a table, U+202E reverse a text, an escape clear the
screen. What is recorded stays as it is; only what is shown is escaped.
"""

import re

_CONTROLS = "\x00-\x1f\x7f-\x9f"
_FORMATS = "\xad\u061c\u070f\u0890\u0891\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_FORMATS += "\ufff9-\ufffb"
_FORMATS += "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
_BREAKS = "\u2028\u2029"
_SURROGATES = "\ud800-\udfff"
_IGNORED = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
_IGNORED += "\U000e0000-\U000e0fff"
INVISIBLE = f"{_CONTROLS}{_FORMATS}{_BREAKS}{_SURROGATES}{_IGNORED}"
"""For a character class of a pattern: control, format and separator characters of Unicode 16,
surrogates, and what fonts leave out (DerivedCoreProperties, Default_Ignorable_Code_Point).
Visible characters of category Cf, such as U+0600, are not among them."""
_HALF = re.compile(f"[{_SURROGATES}]")
_UNSEEN = re.compile(f"[{INVISIBLE}]")
_UNSEEN_IN_CELLS = re.compile(f"(?![\t\n\r])[{INVISIBLE}]")
_UNSEEN_IN_JSON = re.compile(f"(?![\x00-\x1f])[{INVISIBLE}]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def has_invisible(text: str) -> bool:
    """Whether a text contains a character that cannot be seen."""
    return not (text.isascii() and text.isprintable()) and _UNSEEN.search(text) is not None


def is_text(text: str) -> bool:
    """Whether a text can be written as UTF-8: it contains no surrogate."""
    return text.isascii() or _HALF.search(text) is None


def visible(text: str) -> str:
    """A text on one line with everything visible: `x\\x1b[2J`, `P-1\\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(_escaped, text)


def visible_cell(text: str) -> str:
    """A text for a format such as CSV, which quotes line breaks and tabs; these are kept."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN_IN_CELLS.sub(_escaped, text)


def visible_json(text: str) -> str:
    """Equivalent JSON with everything visible."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNSEEN_IN_JSON.sub(_escaped_in_json, text)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _escaped_in_json(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
