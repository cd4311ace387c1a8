"""The web view as a person uses it: by links, by forms, and back."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator

from tests.browser.conftest import Look
from tests.browser.kinds import FEES, PROGRAM
from tests.browser.opened import Opened
from tests.marks import more

pytestmark = more
CLOSED_ON = "2026-06-30"


@pytest.fixture
def site_page(site: str, look: Look) -> Iterator[Opened]:
    """The first page; nothing that is done from there on asks another address or writes."""
    opened = look(f"{site}/")
    yield opened
    assert all(request.startswith(f"{site}/") for request in opened.requests)
    assert opened.messages == []
    assert opened.dialogs == []


def follow(opened: Opened, name: str, within: str = "main") -> None:
    """Clicks the first link of a name."""
    opened.page.locator(within).get_by_role("link", name=name, exact=True).first.click()


def heading(opened: Opened) -> str:
    """What the page is called."""
    return opened.page.locator("h1").inner_text()


def asked(opened: Opened) -> dict[str, str]:
    """The parameters of the address."""
    return {name: value for name, [value] in parse_qs(urlsplit(opened.page.url).query).items()}


def section(opened: Opened, name: str) -> Locator:
    """A part of the page by its heading."""
    return opened.page.get_by_role("region", name=name, exact=True).first


def narrowed(opened: Opened, where: str, sort: str = "") -> list[list[str]]:
    """The rows of the table of lines after its form was filled in and sent."""
    form = opened.page.get_by_role("form", name="Narrow: Lines")
    form.get_by_label("Where").fill(where)
    form.get_by_label("sorted by").select_option(sort)
    form.get_by_role("button", name="Narrow").click()
    rows = opened.page.locator("section[aria-labelledby=lines] tbody tr")
    return [row.locator("td").all_inner_texts() for row in rows.all()]


def test_from_the_book_to_a_row_of_a_file_and_back(site_page: Opened) -> None:
    """Program, statement, line, fact, its file and row; and back with the browser's own button."""
    follow(site_page, PROGRAM)
    headings = [heading(site_page)]
    for link in (f"{PROGRAM}/partner:P-01", f"{PROGRAM}/S-1004"):
        follow(site_page, link)
        headings.append(heading(site_page))
    assert headings == [PROGRAM, f"Statement {PROGRAM}/partner:P-01", f"Line {PROGRAM}/S-1004"]
    assert "2,000.00 CNY" in site_page.page.locator("header").inner_text()
    site_page.page.locator("ul.tree a").first.click()
    assert "at position" in heading(site_page)
    place = site_page.page.locator("dt:has-text('File and row') + dd").inner_text()
    assert place.rpartition(":")[2].isdigit()
    for name in reversed(headings):
        site_page.page.go_back()
        assert heading(site_page) == name


def test_a_line_of_orders_leads_to_an_order_and_the_row_that_counts(site_page: Opened) -> None:
    for link in (FEES.partition("/")[0], "2020-05", f"{FEES}/D-01"):
        follow(site_page, link)
    site_page.page.locator("section[aria-labelledby=orders] td a").first.click()
    text = site_page.page.locator("main").inner_text()
    assert "orders-2020-05.csv" in text
    assert "counts" in text


def test_clocks_that_are_typed_are_kept_in_every_next_page(site_page: Opened) -> None:
    """Until one looks as of now; and a page that leaves something out says so."""
    form = site_page.page.get_by_role("form", name="Both clocks")
    form.get_by_label("As of").fill("2026-02-28")
    form.get_by_label("Known at").fill("1600")
    form.get_by_role("button", name="Look").click()
    follow(site_page, PROGRAM)
    clocks = {name: asked(site_page)[name] for name in ("as_of", "known_at")}
    assert clocks == {"as_of": "2026-02-28T16:00:00Z", "known_at": "1600"}
    assert "known at position 1600 of" in site_page.page.get_by_role("status").inner_text()
    narrowed(site_page, "outcome = payable")
    assert asked(site_page).items() > clocks.items()
    site_page.page.get_by_label("Any id").fill("S-1004")
    site_page.page.get_by_role("button", name="Search").click()
    assert asked(site_page).items() > clocks.items()
    follow(site_page, f"{PROGRAM}/S-1004")
    assert asked(site_page) == clocks
    site_page.page.get_by_role("link", name="Look as of now").click()
    assert site_page.page.get_by_role("status").count() == 0
    assert heading(site_page) == f"Line {PROGRAM}/S-1004"
    assert asked(site_page) == {}


def test_clocks_that_are_none_are_refused_in_words_and_can_be_mended(site_page: Opened) -> None:
    """What was typed stays in the form."""
    form = site_page.page.get_by_role("form", name="Both clocks")
    form.get_by_label("As of").fill("yesterday-ish")
    form.get_by_role("button", name="Look").click()
    assert heading(site_page) == "This cannot be shown"
    assert "neither a day nor an instant" in site_page.page.locator("header").inner_text()
    form.get_by_label("As of").fill(CLOSED_ON)
    form.get_by_role("button", name="Look").click()
    assert heading(site_page) == "The book duebook.db"
    site_page.messages[:] = [text for text in site_page.messages if "400 (Bad" not in text]


def test_an_id_that_is_typed_leads_to_what_has_it(site_page: Opened) -> None:
    """The hit that is clicked is the page of that id."""
    site_page.page.get_by_label("Any id").fill("S-1004")
    site_page.page.keyboard.press("Enter")
    site_page.page.wait_for_url("**/search?**")
    assert heading(site_page) == "Search: S-1004"
    follow(site_page, "store:S-1004")
    assert heading(site_page) == "store:S-1004"


def test_a_table_is_narrowed_and_sorted_by_its_form(site_page: Opened) -> None:
    """Greatest first; the condition stays in the form, and a sum leads to its own lines."""
    follow(site_page, PROGRAM)
    rows = narrowed(site_page, "outcome = payable and payee = partner:P-02", "-amount")
    assert len(rows) == 4
    amounts = [float(row[5].replace(",", "")) for row in rows]
    assert amounts == sorted(amounts, reverse=True)
    form = site_page.page.get_by_role("form", name="Narrow: Lines")
    assert form.get_by_label("Where").input_value().startswith("outcome = payable and")
    assert form.get_by_label("sorted by").input_value() == "-amount"
    assert len(narrowed(site_page, "")) == 52
    site_page.page.locator("section[aria-labelledby=totals] a", has_text="held").click()
    held = site_page.page.locator("section[aria-labelledby=lines] tbody tr")
    assert held.count() == 2
    assert site_page.page.evaluate("location.hash") == "#lines"


def test_a_query_is_asked_and_its_rows_lead_on(site_page: Opened) -> None:
    follow(site_page, "query", "nav")
    sql = "select partner, count(*) as stores from stores where partner = 'P-01' group by partner"
    site_page.page.get_by_label("SQL").fill(sql)
    site_page.page.get_by_role("button", name="Ask").click()
    assert site_page.page.get_by_label("SQL").input_value() == sql
    follow(site_page, "P-01")
    assert heading(site_page) == "partner:P-01"


def test_two_positions_are_compared(site_page: Opened) -> None:
    """A line that moved is a link away, and so is what was recorded between the two."""
    follow(site_page, "compare", "nav")
    form = site_page.page.locator("section[aria-labelledby=clocks] form")
    form.get_by_label("From position").fill("1662")
    form.get_by_label("to", exact=True).fill("1690")
    form.get_by_role("button", name="Compare").click()
    assert heading(site_page) == "From position 1,662 to 1,690"
    follow(site_page, f"{PROGRAM}/S-1003")
    assert heading(site_page) == f"Line {PROGRAM}/S-1003"
    site_page.page.go_back()
    follow(site_page, "28 events in the log")
    first = site_page.page.locator("section[aria-labelledby=log] tbody tr td").first
    assert first.inner_text() == "1663"


def test_the_head_of_a_page_says_which_list_one_is_in(site_page: Opened) -> None:
    """Also to a screen reader; a page that is none of them is not marked."""
    current = site_page.page.locator("nav [aria-current=page]")
    for name in ("log", "status", "programs"):
        follow(site_page, name, "nav")
        assert current.all_inner_texts() == [name]
    follow(site_page, PROGRAM)
    assert current.count() == 0


def test_an_id_in_a_table_stays_in_one_piece(site_page: Opened) -> None:
    """It would be broken at its hyphens, and read as two; a payee with its name may be."""
    follow(site_page, PROGRAM)
    cells = site_page.page.locator("section[aria-labelledby=lines] td:not(:nth-child(2)) a")
    heights = cells.evaluate_all("links => links.map(link => link.getClientRects().length)")
    assert len(heights) > 100
    assert set(heights) == {1}


def test_a_page_gives_its_data_as_a_file(site_page: Opened) -> None:
    """As CSV for a sheet; JSON is shown by the browser."""
    follow(site_page, "exceptions", "nav")
    with site_page.page.expect_download() as download:
        follow(site_page, "CSV", "footer")
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert "code" in lines[0]
    assert len(lines) > 1
