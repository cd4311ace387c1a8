"""Files that are made to hurt: they are refused in words, quickly, and before anything is built."""

import io
import os
import resource
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.intake import lines, rejection
from ledger.intake.border import TooLarge, check_ordinary, read_bounded
from ledger.intake.lines import Lines
from ledger.intake.platform.canonical import refuse_header
from ledger.intake.problems import BadPlatformFile
from ledger.intake.rejection import Rejection, Rejections
from ledger.intake.tables import workbook
from ledger.intake.tables.plain_file import plain_file
from ledger.intake.tables.workbook import rows_of_workbook
from ledger.kernel.errors import MissingFile
from ledger.usecases.terms.draft import read_terms

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEET = "xl/worksheets/sheet1.xml"
GOOD = '<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1"><v>1.5</v></c></row>'


def _workbook(cells: str, part: str = SHEET, **parts: bytes) -> bytes:
    """A workbook with one sheet, and with other parts."""
    target = part.removeprefix("xl/")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r1" Type="{OFFICE}/'
            'officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        packed.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            '<sheet name="Order details" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        packed.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r1" Type="{OFFICE}/worksheet"'
            f' Target="{target}"/></Relationships>',
        )
        packed.writestr(
            part, f'<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>'
        )
        for name, content in parts.items():
            packed.writestr(name, content)
    return made.getvalue()


def _read(raw: bytes) -> list[tuple[int, list[Any]]]:
    return list(rows_of_workbook("a.xlsx", raw, "order_details"))


def test_a_workbook_is_read_in_a_process_of_its_own() -> None:
    """Cells as they are, and ranges, styles and dimensions far away take no room."""
    styled = '<row r="9"><c r="XFD1048576" s="1"/></row>'
    extra = '</sheetData><dimension ref="A1:XFD1048576"/><sheetData>'
    assert _read(_workbook(GOOD + styled + extra)) == [(1, ["a", 1.5])]
    with pytest.raises(BadPlatformFile, match="no sheets 'Other'"):
        list(rows_of_workbook("a.xlsx", _workbook(GOOD), "Other"))


FAR = [
    '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
    '<row r="6000"><c r="XFD6000"><v>1</v></c></row><row r="1"><c r="A1"><v>1</v></c></row>',
    "<row r='1'><c t='n' s='1' r='A1'><v>1</v></c><c r='XFD1048576'\n><v>1</v></c></row>",
    f'<x:row xmlns:x="{MAIN}"><x:c r="A1"><x:v>1</x:v></x:c><x:c r="XFD99999"><x:v>1</x:v></x:c>'
    "</x:row>",
]


@pytest.mark.parametrize("cells", FAR, ids=range(len(FAR)))
@pytest.mark.parametrize("part", [SHEET, "xl/media/image1.png"])
def test_a_cell_far_away_is_refused_before_a_reader_builds_the_rest(cells: str, part: str) -> None:
    """However it is written and wherever the sheet lies."""
    with pytest.raises(BadPlatformFile, match="cells up to row"):
        _read(_workbook(cells, part))


def test_what_measuring_does_not_see_ends_the_process_that_reads_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A reader that wants half a terabyte, or meets what it never expected."""
    monkeypatch.setattr(workbook, "measure", lambda name, raw: None)
    with pytest.raises(BadPlatformFile, match="gave up"):
        _read(_workbook(FAR[0]))


def test_a_workbook_that_unpacks_to_gigabytes_is_refused() -> None:
    """By what it says, and by what it is where it says otherwise."""
    blanks = _workbook(GOOD, **{"xl/sharedStrings.xml": b" " * (workbook.UNPACKED_MAX + 1)})
    assert len(blanks) < 1_000_000
    with pytest.raises(BadPlatformFile, match="unpacks to"):
        _read(blanks)
    size = (5_000_000).to_bytes(4, "little")
    lies = _workbook(GOOD, **{"xl/sharedStrings.xml": b" " * 5_000_000})
    assert lies.count(size) == 2
    with pytest.raises(BadPlatformFile, match="more than it says"):
        _read(lies.replace(size, (5).to_bytes(4, "little")))


@pytest.mark.parametrize(
    "raw",
    [
        b"PK\x03\x04" + b"\0" * 100,
        _workbook(GOOD)[:-30],
        _workbook(GOOD)[:300] + b"\xff" * 300 + _workbook(GOOD)[600:],
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 600,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)) * 8,
    ],
    ids=["no parts", "cut off", "damaged", "old format", "old format, odd"],
)
def test_what_is_no_workbook_is_refused(raw: bytes) -> None:
    """Whatever the library that reads it makes of it."""
    with pytest.raises(BadPlatformFile):
        _read(raw)


def _fifo(folder: Path) -> str:
    os.mkfifo(folder / "fifo")
    return str(folder / "fifo")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", _fifo])
def test_a_device_or_a_pipe_without_a_writer_is_no_file(
    device: str | Callable[[Path], str], tmp_path: Path
) -> None:
    """At every border."""
    path = device if isinstance(device, str) else device(tmp_path)
    readers: list[Callable[[], object]] = [
        lambda: check_ordinary(path),
        lambda: read_bounded(path, 10),
        lambda: read_terms(path),
        lambda: plain_file(path, tmp_path),
    ]
    for read in readers:
        with pytest.raises(MissingFile):
            read()


def test_a_pipe_of_the_shell_comes_in() -> None:
    """`duebook record <(zcat january.gz)`."""
    read, write = os.pipe()
    os.write(write, b"abc")
    os.close(write)
    check_ordinary(f"/dev/fd/{read}")
    assert read_bounded(f"/dev/fd/{read}", 10) == b"abc"
    os.close(read)


def test_a_file_larger_than_its_kind_is_refused(tmp_path: Path) -> None:
    """No more of it than its bound is held."""
    (tmp_path / "t.toml").write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(TooLarge):
        read_terms(str(tmp_path / "t.toml"))


class _Endless(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        return b"\0" * size


def test_a_line_without_an_end_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input may be a device too; it is not held."""
    monkeypatch.setattr(lines, "ENDLESS_BYTES", 100_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TooLarge, match="no end"):
        list(Lines(_Endless()).pieces())  # type: ignore[arg-type]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_many_rejections_lie_in_a_file_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, also asked for twice."""
    monkeypatch.setattr(rejection, "HELD_MAX", 10)
    told = [Rejection("a", line, None, "bad_json", "e", "h", {"a": line}) for line in range(95)]
    found = Rejections(told)
    assert len(found._held) == 5
    assert (len(found), list(found), found[:3], found[94]) == (95, told, told[:3], told[94])
    found.append(told[0])
    assert list(found) == [*told, told[0]]
    assert found != told
    assert Rejections() == []


def test_a_header_of_many_columns_takes_no_time() -> None:
    """A hundred thousand names are compared once each."""
    began = time.monotonic()
    with pytest.raises(BadPlatformFile):
        refuse_header("a.csv", [str(number) for number in range(100_000)])
    assert time.monotonic() - began < 5
