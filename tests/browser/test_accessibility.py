"""What axe-core says of every page, with explanations opened, and of contrast in the dark."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import LETTERHEADS, REPORTS, Look
from tests.browser.opened import violations
from tests.marks import more

pytestmark = more
UNFOLDED_MAX = 12
"""With all of its explanations open the largest page takes axe-core most of a minute."""
IN_BOTH = ("recruiting-eu-jp-2026q1", "growth-2026-05")
"""Only contrast differs between schemes; these two have every class of text."""


@pytest.mark.parametrize("program", REPORTS)
def test_a_close_report_has_no_axe_violation_in_the_dark(
    program: str, report_of: Callable[[str], Path], look: Look
) -> None:
    """Of any program, its first explanations open."""
    opened = look(report_of(program), dark=True)
    assert opened.unfold(UNFOLDED_MAX)
    assert violations(opened) == ""


@pytest.mark.parametrize("program", IN_BOTH)
def test_a_close_report_has_no_axe_violation_in_the_light(
    program: str, report_of: Callable[[str], Path], look: Look
) -> None:
    """On a phone, where regions scroll that do not elsewhere."""
    opened = look(report_of(program), phone=True)
    assert opened.unfold(UNFOLDED_MAX)
    assert violations(opened) == ""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("languages", LETTERHEADS)
def test_a_statement_has_no_axe_violation(
    languages: str, dark: bool, statement_in: Callable[[str], Path], look: Look
) -> None:
    """In one language or two, with letterhead and logo."""
    opened = look(statement_in(languages), dark=dark)
    assert opened.unfold(UNFOLDED_MAX)
    assert violations(opened) == ""


def test_a_printed_report_has_no_axe_violation(
    report_of: Callable[[str], Path], look: Look
) -> None:
    """Paper is white also where the screen was dark, and its colours are those of the light."""
    opened = look(report_of("growth-2026-05"), dark=True)
    opened.unfold(UNFOLDED_MAX)
    opened.page.emulate_media(media="print")
    assert violations(opened) == ""


def test_axe_violations_are_named_with_rule_and_element(look: Look, tmp_path: Path) -> None:
    """A picture without words and pale text; without this, silence would say nothing."""
    path = tmp_path / "bad.html"
    path.write_text(
        '<!DOCTYPE html><html lang="en"><title>Bad</title><body style="background: #fff">'
        '<img src="data:,"><p style="color: #ccc">Pale</p></body></html>',
        encoding="utf-8",
    )
    rules = [line.partition(":")[0] for line in violations(look(path)).splitlines()]
    assert rules == ["color-contrast", "image-alt"]
