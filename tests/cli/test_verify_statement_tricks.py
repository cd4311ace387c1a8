"""`verify --statement`: files that are not the same to the byte, and files of ill will."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_statement_page import PROGRAM
from tests.cli.test_verify_statement import altered, check, repacked, sent

Duebook = Callable[..., Any]
SHEET = "xl/worksheets/sheet1.xml"


def test_other_blanks_and_another_packing_are_dress(busy: Path, duebook: Duebook) -> None:
    path = sent(duebook, "json")
    text = Path(path).read_text(encoding="utf-8")
    Path(path).write_text(json.dumps(json.loads(text), sort_keys=True), encoding="utf-8")
    assert check(duebook, path)[2].endswith("its data are the book's; it is laid out otherwise")
    path = sent(duebook, "html")
    altered(path, "<main>\n", "<main>\n\n  ")
    assert check(duebook, path)[2].endswith("its texts are the book's; it is laid out otherwise")
    path = sent(duebook, "xlsx")
    repacked(path, lambda name, text: text)
    assert check(duebook, path)[2].endswith("each part is the book's; it is packed otherwise")
    repacked(
        path, lambda name, text: text.replace('defaultRowHeight="15"', 'defaultRowHeight="14"')
    )
    code, _, detail = check(duebook, path)
    assert (code, detail.endswith("its cells are the book's; it was saved anew")) == (0, True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("</style>", " .n { font-size: 0 }</style>", "its style"),
        ('<td class="n">', '<td class="n" hidden="x">', 'hidden="x"'),
        ("<main>", "<main><!-- -->", "<!-- -->"),
        ("<main>", '<main style="display:none">', "display:none"),
        ("<main>", "<main><script></script>", "script>"),
    ],
)
def test_a_page_of_the_same_texts_that_may_show_others_is_not_verified(
    old: str, new: str, said: str, busy: Path, duebook: Duebook
) -> None:
    """A style can hide a text and show another one."""
    path = sent(duebook, "html")
    altered(path, old, new)
    code, ok, detail = check(duebook, path)
    assert (code, ok) == (5, False)
    assert "it has what may show them otherwise: " in detail
    assert said in detail


@pytest.mark.parametrize(
    ("part", "old", "new", "said"),
    [
        (
            "xl/styles.xml",
            '"#,##0.00"',
            '"&quot;99,000.00&quot;"',
            "the number format of Statement",
        ),
        (SHEET, '<row r="9"', '<row hidden="1" r="9"', "row in Statement"),
        (SHEET, "</worksheet>", '<drawing r:id="x"/></worksheet>', "drawing in Statement"),
    ],
)
def test_a_workbook_of_the_same_cells_that_may_show_others_is_not_verified(
    part: str, old: str, new: str, said: str, busy: Path, duebook: Duebook
) -> None:
    path = sent(duebook, "xlsx")
    repacked(path, lambda name, text: text.replace(old, new, 1) if name == part else text)
    code, ok, detail = check(duebook, path)
    assert (code, ok) == (5, False)
    assert f"it has what may show them otherwise: {said}" in detail


def test_a_picture_over_the_cells_of_a_workbook_is_not_verified(
    busy: Path, duebook: Duebook
) -> None:
    path = sent(duebook, "xlsx")
    repacked(path, lambda name, text: text, {"xl/media/image1.png": "x"})
    assert check(duebook, path)[2].endswith("otherwise: the part xl/media/image1.png")


def _bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("xl/sharedStrings.xml", b" " * 300_000_000)
    return packed.getvalue()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "text": lambda: b"what? nothing",
    "csv": lambda: b"what,line,amount\n",
    "json nested deeply": lambda: b'{"a":' + b"[" * 200_000,
    "json with a key twice": lambda: b'{"fingerprint": 1, "fingerprint": 2}',
    "json with a long number": lambda: b'{"a": ' + b"9" * 100_000 + b"}",
    "json of something else": lambda: b'{"fingerprint": {"book": [], "statement": 1}, "asked": 2}',
    "json with half a mark": lambda: (
        b'{"fingerprint": {"book": "x", "statement": "y", "sha256": "z"},'
        b' "asked": {"as_of": null, "known_at": true}}'
    ),
    "page without a mark": lambda: b"<!DOCTYPE html><p>Due: 9",
    "page with half a mark": lambda: (
        b'<!DOCTYPE html><meta name="duebook-statement" content="duebook-statement x">'
    ),
    "pdf": lambda: b"%PDF-1.7\n" + b"<pdf:Keywords>" * 1000,
    "no workbook": lambda: b"PK\x03\x04" + b"\0" * 100,
    "bomb": _bomb,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused_in_words(what: str, busy: Path, duebook: Duebook) -> None:
    """Before the book is verified; never with a traceback."""
    Path("x").write_bytes(HOSTILE[what]())
    ran = duebook("verify", "--statement", "x")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("Error: x ")
    assert "Traceback" not in ran.err


def test_an_instant_that_is_none_is_refused_in_words(busy: Path, duebook: Duebook) -> None:
    path = sent(duebook, "html")
    altered(path, " as-of=- ", " as-of=9999-99-99T00:00:00Z ")
    ran = duebook("verify", "--statement", path)
    assert (ran.code, "its as-of is none" in ran.err) == (1, True)


def test_a_workbook_that_declares_entities_is_not_verified(busy: Path, duebook: Duebook) -> None:
    """None of ours does; they may grow without end."""
    path = sent(duebook, "xlsx")
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet'
    repacked(path, lambda name, text: text.replace("<worksheet", bomb) if name == SHEET else text)
    code, _, detail = check(duebook, path)
    assert (code, detail) == (5, "It is not a workbook that can be read.")


def test_a_file_of_several_statements_or_in_csv_carries_none(busy: Path, duebook: Duebook) -> None:
    for form, said in (("xlsx", "carries no mark"), ("json", "carries no mark"), ("csv", "is CSV")):
        path = sent(duebook, form, PROGRAM)
        ran = duebook("verify", "--statement", path)
        assert (ran.code, said in ran.err) == (1, True), ran.err
