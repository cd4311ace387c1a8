"""Pipes and signals, with the installed command as a process of its own."""

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Process = Callable[..., Any]
AT = "2026-02-01T08:00:00Z"


def certified(number: int) -> str:
    return json.dumps({"type": "PartnerCertified", "at": AT, "partner": f"P-{number}"}) + "\n"


def test_facts_come_from_a_pipe(empty: Path, process: Process) -> None:
    """`-` reads standard input; the place of a fact is its line there."""
    running = process("record", "-", "--format", "json")
    out, err = running.communicate(certified(1) + certified(2))
    assert (running.returncode, err) == (0, "")
    assert json.loads(out)["recorded"] == 2
    running = process("record", "-", "--format", "json")
    out, _ = running.communicate(certified(1) + "nonsense\n")
    (rejected,) = json.loads(out)["rejected"]
    assert running.returncode == 1
    assert (rejected["file"], rejected["line"], rejected["code"]) == ("<stdin>", 2, "bad_json")


def test_a_pipe_that_closes_in_the_middle_of_a_line_records_nothing(
    empty: Path, process: Process, duebook: Callable[..., Any]
) -> None:
    """The half line is rejected; the whole ones before it are not taken for the whole file."""
    before = duebook("log", "--format", "ndjson").out
    running = process("record", "-")
    out, err = running.communicate(certified(1) + certified(2) + certified(3)[:40])
    assert running.returncode == 1
    assert "<stdin>:3: bad_json" in err
    assert "Nothing was recorded." in out
    assert duebook("log", "--format", "ndjson").out == before


def test_an_empty_pipe_is_told(empty: Path, process: Process) -> None:
    """An export that failed sends nothing, and that must not pass for a success."""
    running = process("record", "-", "--format", "json")
    out, err = running.communicate("")
    answer = json.loads(out)
    assert (running.returncode, err, answer["recorded"]) == (1, "", 0)
    assert [one["code"] for one in answer["rejected"]] == ["empty_file"]


@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_ctrl_c_while_recording_exits_130_and_records_nothing(
    empty: Path, process: Process, duebook: Callable[..., Any], seconds: float
) -> None:
    """One sentence and no traceback; the book is as it was."""
    before = duebook("log", "--format", "ndjson").out
    running = process("record", "-")
    running.stdin.write("".join(map(certified, range(20_000))))
    running.stdin.flush()
    time.sleep(seconds)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate()
    assert (running.returncode, out) == (130, "")
    assert "Run it again: what is already recorded is recognised." in err
    assert "Traceback" not in err
    assert duebook("log", "--format", "ndjson").out == before
    assert duebook("verify").code == 0


@pytest.mark.parametrize("format_", ["table", "ndjson", "json", "csv"])
def test_whoever_reads_only_the_head_of_a_pipe_sees_no_error(
    demo: Path, process: Process, format_: str
) -> None:
    """`duebook log | head -1`: one line, and quiet."""
    running = process("log", "--format", format_)
    assert running.stdout.readline()
    running.stdout.close()
    err = running.stderr.read()
    assert (running.wait(), err) == (0, "")


def test_completion_of_the_shell_is_printed(
    demo: Path, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script for bash; commands, options and editions are completed."""
    running = process(_DUEBOOK_COMPLETE="bash_source")
    out, err = running.communicate()
    assert ("_DUEBOOK_COMPLETE=bash_complete" in out, err) == (True, "")

    def completed(words: str, word: int) -> list[str]:
        given = {"COMP_WORDS": words, "COMP_CWORD": str(word)}
        shown = process(_DUEBOOK_COMPLETE="bash_complete", **given).communicate()
        assert shown[1] == ""
        return [line.partition(",")[2] for line in shown[0].splitlines()]

    assert completed("duebook set", 1) == ["settle"]
    assert completed("duebook settle rec", 2) == ["recruiting-eu-jp-2026q1"]
    assert "--known-at" in completed("duebook settle --kn", 2)


def test_the_module_runs_as_the_command_does(demo: Path, here: Path) -> None:
    """`python -m cli.main` is the same command line."""
    import subprocess

    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "cli.main", "--book", str(demo), "verify"]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert "chain" in ran.stdout
