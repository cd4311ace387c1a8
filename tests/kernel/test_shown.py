"""Text that is shown: nothing in it that cannot be seen, or that a terminal would obey."""

import json
import sys
import unicodedata

import pytest

from ledger.kernel.shown import has_invisible, visible, visible_cell, visible_json

SEEN_FORMATS = {*range(0x600, 0x606), 0x6DD, 0x8E2, 0x110BD, 0x110CD}
"""Of category Cf, and seen all the same: signs of numbers and verses."""
IGNORABLE = [
    *("\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2065", "\u3164", "\ufe00"),
    *("\ufe0f", "\uffa0", "\U000e0100"),
]


def test_every_control_and_format_character_is_written_out() -> None:
    """All that this Python's Unicode calls control, format, separator of lines or surrogate."""
    for code in range(sys.maxunicode + 1):
        hidden = unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp", "Cs")
        if hidden and code not in SEEN_FORMATS:
            assert has_invisible(chr(code)), hex(code)
            assert visible(f"a{chr(code)}b").isprintable(), hex(code)


@pytest.mark.parametrize("ignorable", IGNORABLE, ids=lambda one: f"U+{ord(one):04X}")
def test_what_a_font_leaves_out_is_written_out(ignorable: str) -> None:
    """Default-ignorable characters, letters and marks among them."""
    assert visible(f"P-1{ignorable}").startswith("P-1\\")


@pytest.mark.parametrize("text", ["plain", "书店", "Ünal", "٣", "a\\b", "=1", "e\u0301", "é 🛒"])
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    """In every script."""
    assert visible(text) == visible_cell(text) == visible_json(text) == text
    assert not has_invisible(text)


def test_escapes_say_which_character_it_is() -> None:
    """As programs write them."""
    assert visible("\x1b[2J\n\r\t\x9b\u202e\U000e0001") == r"\x1b[2J\n\r\t\x9b\u202e\U000e0001"
    assert visible_cell("a\nb\tc\x1b") == "a\nb\tc\\x1b"


def test_json_says_the_same_with_everything_in_sight() -> None:
    """Also beyond the first plane, and halves of pairs."""
    value = {"a\x7f": "\x1b\x9b\u202e\u2028\ufe0f\U000e0001 é", "half": "\ud800"}
    text = visible_json(json.dumps(value, ensure_ascii=False, indent=1))
    assert json.loads(text) == value
    assert text.replace("\n", "").isprintable()
