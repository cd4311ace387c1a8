"""Every page by itself: what it asks for and writes, on a phone, on paper, and its links."""

from collections.abc import Callable
from pathlib import Path

import pytest

from projections.pages import close_page
from tests.browser.commands import ran
from tests.browser.conftest import LETTERHEADS, REPORTS, Look
from tests.browser.opened import PAPER, PHONE, Opened
from tests.marks import more

pytestmark = more
CUT_OFF = """
width => [...document.querySelectorAll('table, svg, pre, img')].filter(wide => {
  if (!wide.checkVisibility() || wide.getBoundingClientRect().right <= width + 1) return false;
  for (let box = wide.parentElement; box; box = box.parentElement)
    if (/auto|scroll/.test(getComputedStyle(box).overflowX)) return false;
  return true;
}).map(wide => wide.outerHTML.slice(0, 120))
"""
"""What is wider than the page and lies in no box that scrolls."""
TABLES = """
() => [...document.querySelectorAll('table')].filter(table => table.checkVisibility())
  .map(table => table.innerText)
"""
BEYOND = """
width => [...document.querySelectorAll('td, th, svg, img')]
  .filter(part => part.checkVisibility() && part.getBoundingClientRect().right > width + 1)
  .map(part => part.outerHTML.slice(0, 120))
"""
"""What lies beyond the right edge, in a box that scrolls or not."""

BROKEN = """
() => [...document.querySelectorAll('main td, main th[scope=row]')].filter(cell => {
  if (!cell.checkVisibility() || /\\s/.test(cell.innerText.trim())) return false;
  const range = document.createRange();
  range.selectNodeContents(cell);
  return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1;
}).map(cell => cell.innerText)
"""
"""Texts of table cells without a blank that stand on more than one line."""
ID_LONG = 32


@pytest.fixture
def every(report_of: Callable[[str], Path], statement_in: Callable[[str], Path]) -> dict[str, Path]:
    """All pages, by name."""
    reports = {program: report_of(program) for program in REPORTS}
    return reports | {languages: statement_in(languages) for languages in LETTERHEADS}


def assert_alone(opened: Opened) -> None:
    """The page has asked for itself alone, and neither written nor shown anything of its own."""
    assert opened.requests == [opened.page.url]
    assert opened.messages == []
    assert opened.dialogs == []


def test_a_page_asks_for_nothing_but_itself(every: dict[str, Path], look: Look) -> None:
    """And its own policy, whose violations the console would name, holds."""
    for path in every.values():
        opened = look(path)
        opened.unfold(10_000)
        assert_alone(opened)


def test_a_page_that_asks_for_more_is_noticed(look: Look, tmp_path: Path) -> None:
    """A picture from elsewhere, and a script against the policy."""
    path = tmp_path / "asking.html"
    path.write_text(
        '<meta http-equiv="Content-Security-Policy" content="script-src \'none\'">'
        '<img src="other.png" alt=""><script>alert(1)</script>',
        encoding="utf-8",
    )
    opened = look(path)
    assert opened.requests == [path.as_uri(), path.with_name("other.png").as_uri()]
    assert any("script-src" in message for message in opened.messages)
    path.write_text("<script>alert(1)</script>", encoding="utf-8")
    assert look(path).dialogs == ["1"]


def test_no_page_scrolls_sideways_on_a_phone(every: dict[str, Path], look: Look) -> None:
    """Whatever is opened in it; wide tables and pictures scroll in boxes of their own."""
    width = PHONE["viewport"]["width"]
    for name, path in every.items():
        opened = look(path, phone=True)
        opened.unfold(10_000)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert opened.page.evaluate("document.documentElement.clientWidth") == width, name
        assert opened.page.evaluate(CUT_OFF, width) == [], name


def test_a_printed_page_has_every_table_and_picture_whole(
    every: dict[str, Path], look: Look
) -> None:
    """Nothing scrolls on paper: what lies beyond the margin of an A4 page would be lost."""
    for name, path in every.items():
        opened = look(path)
        on_screen = opened.page.evaluate(TABLES)
        opened.page.set_viewport_size({"width": PAPER, "height": 900})
        opened.page.emulate_media(media="print")
        assert opened.page.evaluate(TABLES) == on_screen, name
        assert opened.page.evaluate(BEYOND, PAPER) == [], name


def test_neither_a_day_nor_a_short_id_is_broken_on_a_desk(
    every: dict[str, Path], look: Look
) -> None:
    """In no table, whether in one language or in two."""
    for name, path in every.items():
        opened = look(path)
        opened.unfold(10_000)
        broken = opened.page.evaluate(BROKEN)
        assert [text for text in broken if len(text) <= ID_LONG] == [], name


def test_a_report_of_many_lines_leads_to_the_page_of_each_payee(
    closed_book: Path, tmp_path: Path, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By links that work from a file, and back again."""
    monkeypatch.setattr(close_page, "WHOLE_MAX", 20)
    path = tmp_path / "q.html"
    ran("report", "close", "recruiting-eu-jp-2026q1", "-o", path, "--book", closed_book)
    opened = look(path)
    links = opened.page.get_by_role("link", name="all of its lines")
    assert links.count() == 5
    for at in range(5):
        payee = opened.page.locator("h3").nth(at).inner_text().partition(": all")[0]
        links.nth(at).click()
        assert opened.page.locator("h1").inner_text().endswith(payee.split()[0])  # without its name
        opened.page.go_back()
    assert opened.messages == []
