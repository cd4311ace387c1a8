"""Names that mean something to a browser, or are hard to lay out: shown as text, and in place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.kernel.shown import visible
from tests.browser.commands import ran
from tests.browser.conftest import Look
from tests.browser.hostile import FILE, NAMES, SCRIPT, STORES
from tests.browser.opened import PAPER, PHONE, Opened
from tests.browser.test_pages import BEYOND, CUT_OFF, assert_alone
from tests.browser.test_pictures import TEXTS
from tests.marks import more
from tests.quarter import PROGRAM

pytestmark = more
KINDS = ["script", "formula", "hebrew", "long", "chinese", "pile"]
ORDER = """
() => [...document.querySelectorAll('summary:has(.n)')].map(summary => {
  const [name, amount] = [...summary.querySelectorAll('span')]
    .map(span => span.getClientRects());
  const end = name[name.length - 1], start = amount[0];
  return start.top >= end.bottom - 1 || start.left >= end.right - 1;
})
"""
"""Whether in each heading the amount stands behind what it is the amount of."""


@pytest.fixture(scope="module")
def hostile(named: Path) -> Callable[[str], Path]:
    """Answers the page of a partner's statement, or with an empty text the close report."""
    folder = named.parent
    book = ("--book", named)
    (folder / "letterhead.toml").write_text(
        f'name = "{SCRIPT}"\naddress = ["{"A" * 200}"]\nlanguages = ["zh", "en"]\n',
        encoding="utf-8",
    )

    def written(partner: str) -> Path:
        page = folder / f"page-{list(NAMES).index(partner) if partner else 'report'}.html"
        words = ("statement", partner) if partner else ("report", "close", PROGRAM)
        ran(*words, "-o", page, "--overwrite", *book)
        return page

    return written


def text_of(opened: Opened) -> str:
    """The page's text without line breaks, as it is shown with everything opened."""
    opened.unfold(10_000)
    return " ".join(opened.page.locator("body").inner_text().split())


def assert_harmless(opened: Opened) -> None:
    """Nothing has become an element, asked for anything, or run."""
    assert opened.page.locator("script, img, iframe, [onerror]").count() == 0
    assert_alone(opened)


@pytest.mark.parametrize("partner", NAMES, ids=KINDS)
def test_a_statement_shows_any_name_as_text(
    partner: str, hostile: Callable[[str], Path], look: Look
) -> None:
    """Also those of the letterhead and of a payment."""
    opened = look(hostile(partner))
    text = text_of(opened)
    assert visible(NAMES[partner]) in text
    assert f"partner:{partner}" in text
    assert SCRIPT in text
    assert "\u202e" not in text
    assert_harmless(opened)


def test_a_close_report_shows_any_name_as_text(hostile: Callable[[str], Path], look: Look) -> None:
    """Of stores and payees, of the file that facts came from, of who closed, and the reason."""
    opened = look(hostile(""))
    text = text_of(opened)
    shown = (f"by {SCRIPT}", f": {SCRIPT}YYY", FILE)
    for name in (*NAMES, *STORES, *shown):
        assert name in text, name
    assert_harmless(opened)


@pytest.mark.parametrize("partner", ["", *NAMES], ids=["report", *KINDS])
def test_no_name_makes_a_page_scroll_sideways_on_a_phone(
    partner: str, hostile: Callable[[str], Path], look: Look
) -> None:
    """A name without a blank is broken, or scrolls in a box of its own."""
    opened = look(hostile(partner), phone=True)
    opened.unfold(10_000)
    width = PHONE["viewport"]["width"]
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.page.evaluate(CUT_OFF, width) == []


@pytest.mark.parametrize("partner", ["", "P-1"], ids=["report", "statement"])
def test_no_name_pushes_a_column_off_the_paper(
    partner: str, hostile: Callable[[str], Path], look: Look
) -> None:
    """Where nothing scrolls, a name or a reference without a blank is broken."""
    opened = look(hostile(partner))
    opened.page.set_viewport_size({"width": PAPER, "height": 900})
    opened.page.emulate_media(media="print")
    assert opened.page.evaluate(BEYOND, PAPER) == []


@pytest.mark.parametrize("partner", ["", "שותף-3"], ids=["report", "statement"])
def test_an_amount_stands_behind_a_name_written_from_right_to_left(
    partner: str, hostile: Callable[[str], Path], look: Look
) -> None:
    """Digits that follow such a name would be drawn before it."""
    order = look(hostile(partner)).page.evaluate(ORDER)
    assert order
    assert all(order)


def test_a_long_name_is_not_cut_off_in_a_picture(
    hostile: Callable[[str], Path], look: Look
) -> None:
    """In whatever script it is written."""
    texts = look(hostile("")).page.evaluate(TEXTS)
    assert texts
    assert [text["text"] for text in texts if not text["whole"]] == []
