"""Every kind of page of the web view: axe-core, what it asks for, on a phone, on paper."""

import re

import pytest

from tests.browser.conftest import Look
from tests.browser.kinds import KINDS, REFUSED, address, pinned
from tests.browser.opened import DESK, PAPER, PHONE, Opened, violations
from tests.browser.test_accessibility import UNFOLDED_MAX
from tests.browser.test_pages import BEYOND, BROKEN, CUT_OFF, TABLES, assert_alone
from tests.browser.test_pictures import TEXTS, pale
from tests.marks import more

pytestmark = more
WORD = re.compile(r"[\d-]+|\w+")
"""A day, a month, a number, or a word."""
pages = pytest.mark.parametrize("kind", KINDS)


def scroll_of(opened: Opened) -> tuple[int, int]:
    """How wide the document is, and how much of it is seen at once."""
    script = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    whole, seen = opened.page.evaluate(script)
    return whole, seen


@pages
def test_a_page_has_no_axe_violation_in_the_light_or_the_dark(
    kind: str, site: str, look: Look
) -> None:
    """Its first explanations open; and it has asked for itself alone, its console is empty."""
    opened = look(site + address(kind))
    opened.unfold(UNFOLDED_MAX)
    assert violations(opened) == ""
    assert pale(opened) == []
    opened.page.emulate_media(color_scheme="dark")
    assert violations(opened, "color-contrast") == ""
    assert pale(opened) == []
    assert_alone(opened)


@pages
def test_a_page_fits_a_phone_and_loses_nothing_on_paper(kind: str, site: str, look: Look) -> None:
    """Wide tables scroll in boxes of their own; on paper, where nothing scrolls, every column is
    within the margins and no text of a picture beyond its edge."""
    opened = look(site + address(kind))
    opened.unfold(UNFOLDED_MAX)
    on_screen = opened.page.evaluate(TABLES)
    opened.page.set_viewport_size(PHONE["viewport"])
    width = PHONE["viewport"]["width"]
    assert scroll_of(opened) == (width, width)
    assert opened.page.evaluate(CUT_OFF, width) == []
    opened.page.set_viewport_size({"width": PAPER, "height": 900})
    opened.page.emulate_media(media="print")
    assert opened.page.evaluate(TABLES) == on_screen
    assert opened.page.evaluate(BEYOND, PAPER) == []
    assert [text["text"] for text in opened.page.evaluate(TEXTS) if not text["whole"]] == []


@pages
def test_no_column_is_out_of_sight_on_a_desk(kind: str, site: str, look: Look) -> None:
    """What is to be decided on stands in the last one; of a break there are
    more columns than a desk is wide, and what became of it stands among the first."""
    opened = look(site + address(kind))
    script = "boxes => boxes.map(box => box.scrollWidth - box.clientWidth)"
    beyond = opened.page.locator(".wide").evaluate_all(script)
    if kind == "breaks":
        state = opened.page.get_by_role("columnheader", name="state").bounding_box()
        assert state["x"] + state["width"] < DESK["viewport"]["width"]
    else:
        assert set(beyond) <= {0}


@pages
def test_neither_a_day_nor_a_word_is_broken_on_a_desk(kind: str, site: str, look: Look) -> None:
    """Whatever stands beside it; a label in a table of figures, say."""
    opened = look(site + address(kind))
    opened.unfold(10_000)
    broken = opened.page.evaluate(BROKEN)
    assert [text for text in broken if WORD.fullmatch(text)] == []


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_has_no_axe_violation_and_fits_a_phone(kind: str, site: str, look: Look) -> None:
    """In the light and in the dark; it has asked for itself alone."""
    asked, status = REFUSED[kind]
    opened = look(site + pinned(asked), phone=True)
    assert opened.page.request.get(site + pinned(asked)).status == status
    assert violations(opened) == ""
    opened.page.emulate_media(color_scheme="dark")
    assert violations(opened, "color-contrast") == ""
    width = PHONE["viewport"]["width"]
    assert scroll_of(opened) == (width, width)
    assert opened.requests == [opened.page.url]
    assert [message for message in opened.messages if f"status of {status} (" not in message] == []


def test_a_refusal_has_no_axe_violation_and_says_what_to_do(site: str, look: Look) -> None:
    opened = look(f"{site}/programs/recruting-eu-jp-2026q1", phone=True)
    assert "Did you mean recruiting-eu-jp-2026q1" in opened.page.locator("section").inner_text()
    assert violations(opened) == ""
    assert opened.requests == [opened.page.url]
    assert [message for message in opened.messages if "404 (Not Found)" not in message] == []
