"""Several books in one web view, as a person uses it: into a book by clicks, and back."""

import pytest

from tests.browser.conftest import Look
from tests.browser.kinds import KINDS_ACROSS, PROGRAM
from tests.browser.opened import PAPER, PHONE, violations
from tests.browser.test_pages import BEYOND, CUT_OFF, TABLES, assert_alone
from tests.browser.test_site_clicks import asked, follow, heading
from tests.browser.test_site_pages import scroll_of
from tests.cli.site import AS_OF
from tests.marks import more

pytestmark = more
pages = pytest.mark.parametrize("kind", KINDS_ACROSS)


def address(kind: str) -> str:
    """The address of a kind, as of an instant that keeps what is worked out for the next test."""
    return f"{KINDS_ACROSS[kind]}{'&' if '?' in KINDS_ACROSS[kind] else '?'}as_of={AS_OF}"


def test_from_the_list_of_books_to_a_row_of_a_file_and_back(three_site: str, look: Look) -> None:
    """Book, program, statement, line, fact, its file and row; back with the browser's own button,
    and by the link that every page of a book has."""
    opened = look(f"{three_site}/")
    headings = [heading(opened)]
    assert headings == ["The books of 3-books.toml"]
    assert "Book 'gone': There is no book" in opened.page.locator("main").inner_text()
    assert violations(opened) == ""
    for link in ("Europe", PROGRAM, f"{PROGRAM}/partner:P-01", f"{PROGRAM}/S-1004"):
        follow(opened, link)
        headings.append(heading(opened))
    assert headings[1:] == [
        *("The book duebook.db", PROGRAM, f"Statement {PROGRAM}/partner:P-01"),
        f"Line {PROGRAM}/S-1004",
    ]
    assert "2,000.00 CNY" in opened.page.locator("header").inner_text()
    opened.page.locator("ul.tree a").first.click()
    place = opened.page.locator("dt:has-text('File and row') + dd").inner_text()
    assert place.rpartition(":")[2].isdigit()
    fact = opened.page.url
    for name in reversed(headings):
        opened.page.go_back()
        assert heading(opened) == name
    opened.page.goto(fact)
    opened.page.get_by_label("Any id").fill("S-1004")
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_url("**/books/Europe/search?**")
    follow(opened, "all books", "header")
    assert heading(opened) == headings[0]
    assert set(asked(opened)) == {"as_of", "known_at"}
    follow(opened, "日本 2")
    assert "/books/%E6%97%A5%E6%9C%AC%202/" in opened.page.url
    assert opened.page.locator("header").get_by_role("link", name="日本 2").count() == 1
    assert all(request.startswith(f"{three_site}/") for request in opened.requests)
    assert (opened.messages, opened.dialogs) == ([], [])


def test_a_query_and_a_search_go_over_all_books_and_lead_into_each(
    three_site: str, look: Look
) -> None:
    """By their forms; the list leaves out one that is not there, a query does not."""
    opened = look(f"{three_site}/")
    opened.page.get_by_label("Any id").fill("P-1")
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_url("**/search?**")
    follow(opened, "partner:P-1")
    assert heading(opened) == "partner:P-1"
    assert "/books/%E6%97%A5%E6%9C%AC%202/streams/" in opened.page.url
    follow(opened, "all books", "header")
    follow(opened, "query", "nav")
    opened.page.get_by_label("SQL").fill("select book, partner from partners")
    opened.page.get_by_role("button", name="Ask").click()
    assert "Book 'gone': There is no book" in opened.page.locator("header").inner_text()
    opened.messages[:] = [text for text in opened.messages if "400 (Bad" not in text]
    assert (opened.messages, opened.dialogs) == ([], [])


@pages
def test_a_page_of_several_books_has_no_axe_violation(kind: str, two_site: str, look: Look) -> None:
    """In the light and in the dark; it has asked for itself alone."""
    opened = look(two_site + address(kind))
    assert violations(opened) == ""
    opened.page.emulate_media(color_scheme="dark")
    assert violations(opened, "color-contrast") == ""
    assert_alone(opened)


@pages
def test_a_page_of_several_books_fits_a_phone_and_paper(
    kind: str, two_site: str, look: Look
) -> None:
    opened = look(two_site + address(kind))
    on_screen = opened.page.evaluate(TABLES)
    opened.page.set_viewport_size(PHONE["viewport"])
    width = PHONE["viewport"]["width"]
    assert scroll_of(opened) == (width, width)
    assert opened.page.evaluate(CUT_OFF, width) == []
    opened.page.set_viewport_size({"width": PAPER, "height": 900})
    opened.page.emulate_media(media="print")
    assert opened.page.evaluate(TABLES) == on_screen
    assert opened.page.evaluate(BEYOND, PAPER) == []
