"""`make demo`: a tour of two screens that plays on a machine with nothing but the product."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import DUEBOOK, Ran
from tests.cli.documented import ROOT, blocks, check, commands_in

SCREENS = 70
WIDTH = 100
TOUR = ROOT / "docs" / "demo.sh"


def play(folder: Path, script: Path = TOUR) -> Ran:
    """Plays the tour in a folder."""
    (folder / "fixtures").symlink_to(ROOT / "fixtures")
    done = subprocess.run(
        ["sh", str(script)],
        capture_output=True, text=True, cwd=folder, stdin=subprocess.DEVNULL,
        env={**os.environ, "BIN": str(DUEBOOK.parent)},
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def test_the_tour_fits_two_screens_and_leaves_what_it_names(tmp_path: Path) -> None:
    """Each step is a sentence and its commands, each with at most three lines; the README shows
    what it prints."""
    ran = play(tmp_path)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert len(lines) <= SCREENS
    assert [line for line in lines if len(line) > WIDTH] == []
    steps = re.split(r"\n(?=\d+\. )", ran.out.strip("\n").partition("\nTo look at")[0])
    assert [int(step.split(".")[0]) for step in steps] == [*range(1, len(steps) + 1)]
    for step in steps:
        answers = re.split(r"^  \$ duebook .*\n", f"{step.strip()}\n", flags=re.M)[1:]
        assert answers, step
        assert all(answer.count("\n") <= 3 for answer in answers)
    assert "<svg" in (tmp_path / "demo-quarter.html").read_text(encoding="utf-8")
    assert (tmp_path / "demo.db").is_file()
    (shown,) = [
        shown
        for block in blocks((ROOT / "README.md").read_text(encoding="utf-8"), "console")
        for shown in commands_in(block)
        if shown.command == "make demo"
    ]
    assert len(shown.lines) > 10
    check(shown, ran)


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("init --demo", "init --demmo", "No such option"),
        ("'^Next'", "'^Nowhere'", "Next:"),
    ],
)
def test_a_tour_that_goes_wrong_stops_and_says_where(
    tmp_path: Path, was: str, becomes: str, said: str
) -> None:
    """A command that fails, or an answer without the lines to show, is not passed over."""
    text = TOUR.read_text(encoding="utf-8")
    assert was in text
    script = tmp_path / "tour.sh"
    script.write_text(text.replace(was, becomes), encoding="utf-8")
    ran = play(tmp_path, script)
    assert ran.code != 0
    assert said in ran.err
    assert "2. What is due" not in ran.out
