"""The web view without a mouse."""

from tests.browser.conftest import Look
from tests.browser.kinds import PROGRAM
from tests.browser.opened import Opened
from tests.browser.test_keyboard import FOCUSED, opened_by_keyboard
from tests.marks import more

pytestmark = more
NAME = """
() => {
  const focused = document.activeElement;
  return focused.labels?.length ? focused.labels[0].innerText.trim() : focused.innerText;
}
"""
"""What the place that has the focus is called: a field by its label."""
HEAD = [
    "To the content",
    "programs",
    "status",
    "exceptions",
    "breaks",
    "obligations",
    "audit",
    "log",
]
HEAD += ["compare", "query", "verify", "Any id", "Search", "As of", "Known at", "Look", "as of now"]


def tab(opened: Opened) -> str:
    """Goes on to the next place, which is marked, and answers what it is called."""
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate(FOCUSED)["marked"]
    return str(opened.page.evaluate(NAME))


def test_tab_goes_through_the_head_of_a_page_in_the_order_in_which_it_is_read(
    site: str, look: Look
) -> None:
    opened = look(f"{site}/")
    assert [tab(opened) for _ in HEAD] == HEAD


def test_the_first_link_skips_to_the_content(site: str, look: Look) -> None:
    """It is seen once it has the focus, and Tab goes on behind it."""
    opened = look(f"{site}/")
    link = opened.page.get_by_role("link", name="To the content")
    assert link.bounding_box()["x"] < 0
    tab(opened)
    assert link.bounding_box()["x"] >= 0
    opened.page.keyboard.press("Enter")
    assert tab(opened) == opened.page.locator("main [tabindex='0']").first.inner_text()
    assert tab(opened) == "account-binding-us-2024"


def test_every_explanation_of_a_line_opens_with_the_keyboard(site: str, look: Look) -> None:
    """None is empty, none cannot be reached."""
    opened = look(f"{site}/lines/{PROGRAM}/S-1003")
    assert opened_by_keyboard(opened) == opened.page.locator("details").count() > 2


def test_a_book_is_searched_with_the_keyboard_alone(site: str, look: Look) -> None:
    """From the first page to a line and its first fact."""
    opened = look(f"{site}/")
    while tab(opened) != "Any id":
        pass
    opened.page.keyboard.type("S-1004")
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_url("**/search?**")
    while tab(opened) != f"{PROGRAM}/S-1004":
        pass
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_url("**/lines/**")
    assert opened.page.locator("h1").inner_text() == f"Line {PROGRAM}/S-1004"
