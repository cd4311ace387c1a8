"""The workbook as a file: the same bytes always, and within what a spreadsheet can open."""

import io
import os
import re
import time
import zipfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from projections.exporters.sheet import TEXT_MAX, fitting
from projections.exporters.xlsx import write


def made(answer: dict[str, Any]) -> bytes:
    """The workbook's bytes."""
    file = io.BytesIO()
    write(answer, file)
    return file.getvalue()


def part(content: bytes, name: str) -> str:
    """One file of the archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()


def test_the_same_answer_gives_the_same_bytes(
    answer: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Today and in two years, in another zone, by another user, into a file or to a path."""
    first = made(answer)
    later = time.time() + 2 * 366 * 86400
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    before = os.umask(0o077)
    try:
        write(deepcopy(answer), tmp_path / "x.xlsx")
    finally:
        os.umask(before)
        monkeypatch.undo()
        time.tzset()
    assert (tmp_path / "x.xlsx").read_bytes() == first
    core = part(first, "docProps/core.xml")
    assert re.findall(r">(20\d\d-[^<]*)<", core) == ["2026-11-21T09:30:00Z"] * 2


@pytest.mark.parametrize("character", ["a", "中", "\U0001f600"])
def test_a_text_longer_than_a_cell_is_cut_with_a_mark(
    answer: dict[str, Any], character: str
) -> None:
    """Excel refuses a file with a longer one; rarer characters count twice."""
    answer["lines"][0]["explanation"]["observed"] = character * 40_000
    shown = fitting(character * 40_000)
    assert f">{shown}<" in part(made(answer), "xl/sharedStrings.xml")
    assert len(shown.encode("utf-16-le")) // 2 in (TEXT_MAX - 1, TEXT_MAX)
    assert shown.endswith(f"{character} … (cut)")
    assert fitting("x" * TEXT_MAX) == "x" * TEXT_MAX


def test_reading_the_module_loads_no_writer(run_python: Callable[[str], str]) -> None:
    """A command that writes no workbook does not pay for one."""
    program = "import sys, projections.exporters.xlsx; print('xlsxwriter' in sys.modules)"
    assert run_python(program) == "False\n"
