"""Pages without a mouse: every explanation is reached with Tab and opened with Enter."""

from collections.abc import Callable
from pathlib import Path

from tests.browser.conftest import Look
from tests.browser.opened import Opened
from tests.marks import more

pytestmark = more
STOPS_MAX = 300
FOCUSED = """
() => {
  const focused = document.activeElement;
  const outline = getComputedStyle(focused).outlineStyle;
  return {
    tag: focused.tagName.toLowerCase(), text: focused.innerText.slice(0, 80),
    marked: outline !== 'none',
  };
}
"""
SHOWN = """
() => {
  const rest = document.activeElement.parentElement.querySelector(':scope > :not(summary)');
  return rest !== null && rest.checkVisibility() && rest.innerText.trim() !== '';
}
"""
"""Whether the explanation whose heading has the focus is to be seen."""


def opened_by_keyboard(opened: Opened) -> int:
    """Goes through the page from its top with Tab and opens each heading with Enter; answers how
    many it came by. Each place where it stops is marked, each explanation shown and hidden again.
    """
    count = 0
    for _ in range(STOPS_MAX):
        opened.page.keyboard.press("Tab")
        focused = opened.page.evaluate(FOCUSED)
        if focused["tag"] == "body":
            return count
        assert focused["marked"], focused
        if focused["tag"] == "summary":
            assert not opened.page.evaluate(SHOWN), focused
            opened.page.keyboard.press("Enter")
            assert opened.page.evaluate(SHOWN), focused
            count += 1
    raise AssertionError(f"Tab has not come round after {STOPS_MAX} places")


def test_every_explanation_opens_with_the_keyboard(
    report_of: Callable[[str], Path], statement_in: Callable[[str], Path], look: Look
) -> None:
    """In reports and statements: none is empty, none cannot be reached."""
    for path in (
        report_of("recruiting-eu-jp-2026q1"),
        report_of("samples-us-2024"),
        report_of("affiliate-us-2024"),
        statement_in("zh-en"),
    ):
        opened = look(path)
        assert opened_by_keyboard(opened) == opened.page.locator("details").count() > 0
