"""What is committed is said to be committed, whatever becomes of the answer."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import DUEBOOK

Duebook = Callable[..., Any]
FACT = {"type": "PartnerCertified", "at": "2026-02-01T08:00:00Z", "partner": "P-1"}
NAMED = FACT | {"name": "杭州蓝门 😀"}


def started(here: Path, *words: str, stdout: Any, **environment: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [DUEBOOK, *words],
        cwd=here,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )


WRITING = {
    "record": ("record", "facts.ndjson"),
    "withdraw": ("withdraw", "15", "--reason", "x", "--by", "lin"),
}


@pytest.mark.parametrize("name", ["record", "withdraw"])
def test_on_a_full_disk_it_says_where_it_was_recorded(
    empty: Path, here: Path, duebook: Duebook, file: Callable[..., str], name: str
) -> None:
    """The fact is in the log, so nobody is told that nothing happened."""
    file([FACT])
    if name == "withdraw":
        assert duebook("record", "facts.ndjson").code == 0
    with Path("/dev/full").open("wb") as full:
        ran = started(here, *WRITING[name], stdout=full)
        said = ran.communicate()[1].decode()
    head = len(duebook("log", "--format", "ndjson").lines)
    assert ran.returncode == 1
    assert f"Recorded at position {head}; the answer could not be written: " in said
    assert "Nothing was recorded" not in said


def test_what_only_reads_has_recorded_nothing(empty: Path, here: Path) -> None:
    """A full disk is all that it tells of."""
    with Path("/dev/full").open("wb") as full:
        ran = started(here, "report", stdout=full)
        said = ran.communicate()[1].decode()
    assert ran.returncode == 1
    assert "Recorded" not in said
    assert "No space left on device" in said


def test_into_a_pipe_that_is_closed_it_says_so_too(
    empty: Path, here: Path, file: Callable[..., str]
) -> None:
    """Whoever reads may have gone before the answer came."""
    file([FACT])
    reading, writing = os.pipe()
    os.close(reading)
    ran = started(here, "record", "facts.ndjson", "--format", "json", stdout=writing)
    os.close(writing)
    said = ran.communicate()[1].decode()
    assert "; the answer could not be written: whoever reads it has gone." in said


@pytest.mark.parametrize("format_", ["table", "csv"])
def test_characters_that_cannot_be_written_are_written_in_escapes(
    empty: Path, here: Path, duebook: Duebook, file: Callable[..., str], format_: str
) -> None:
    """Reading and recording succeed in any locale."""
    file([NAMED])
    narrow = {"PYTHONIOENCODING": "cp1252"}
    for words in (("record", "facts.ndjson"), ("report", "partners", "--format", format_)):
        ran = started(here, *words, stdout=subprocess.PIPE, **narrow)
        out, _ = ran.communicate()
        assert ran.returncode == 0
    assert "\\u676d\\u5dde\\u84dd\\u95e8 \\U0001f600" in out.decode("cp1252")


@pytest.mark.parametrize("format_", ["json", "ndjson"])
def test_json_is_json_in_any_locale(
    empty: Path, here: Path, duebook: Duebook, file: Callable[..., str], format_: str
) -> None:
    """With the escapes of JSON, also beyond the first plane."""
    file([NAMED])
    assert duebook("record", "facts.ndjson").code == 0
    words = ("report", "partners", "--format", format_)
    ran = started(here, *words, stdout=subprocess.PIPE, PYTHONIOENCODING="ascii")
    out, _ = ran.communicate()
    found = json.loads(out.decode("ascii"))
    assert (found[0] if format_ == "json" else found)["name"] == NAMED["name"]
