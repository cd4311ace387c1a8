"""Ids as files bring them: what spreadsheets put around them, and what has been spoilt.

A spreadsheet that takes a long id for a number keeps fifteen digits of it; the rest is gone, and
nobody can tell which order, store or fact is meant. A script writes what is missing as a word.
"""

import re

from ledger.kernel.shown import has_invisible

GUARDED = r'^(?:="(.*)"|[\t\']+(.*))$'
"""`="577"`, a tab or an apostrophe before it: how an id is kept from being taken for a number."""
SPOILT = (
    r"[0-9]\.[0-9]+[eE][+-]?[0-9]+|[0-9]+[eE][+-][0-9]+|[0-9]+\.0+"
    r"|(?i:nan|null|none|undefined|#n/?a|n/a|<na>|nat|#(?:value|ref|num|name|null|div/0)[!?])"
)
"""`5.77E+17`, `577.0`, and the words for nothing."""
_SURE = re.compile("[A-Za-z]+[-_.0-9][-_.0-9A-Za-z]*")
_GUARDED, _SPOILT = re.compile(GUARDED, re.DOTALL), re.compile(SPOILT)


def is_sure(text: str) -> bool:
    """Whether a single look says that an id is neither guarded nor spoilt nor unfit: most are
    letters, a sign or a digit, and so on."""
    return _SURE.fullmatch(text) is not None


def unguarded(text: str) -> str:
    """The id without what a spreadsheet was shown around it."""
    match = _GUARDED.match(text)
    return text if match is None else match[1] if match[1] is not None else match[2]


def is_spoilt(text: str) -> bool:
    """Whether an id is a number that has lost digits, or a word for nothing."""
    return _SPOILT.fullmatch(text) is not None


def unfit(text: str) -> str:
    """Why an id may not come in, whatever letters it is of; empty for one that may.

    Ids that stand in older books are read as they are.
    """
    if text.startswith("-"):
        return "an id that does not begin with '-', as options do"
    if text in (".", ".."):
        return "an id that is not the name of a folder"
    if has_invisible(text):
        return "an id of which every character can be seen"
    return ""


EXPECTED = "an id as the system that gave it writes it"
HINT = (
    "A spreadsheet or a script has taken it for a number, of which 15 digits are kept, or wrote a "
    "word for nothing. Use the file as it was exported."
)
