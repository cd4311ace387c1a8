"""Names that mean something to a browser, in the web view: shown as text, and in place."""

from urllib.parse import quote

import pytest

from ledger.kernel.shown import visible
from tests.browser.conftest import Look
from tests.browser.hostile import FILE, NAMES, SCRIPT, STORES
from tests.browser.opened import PAPER, PHONE, Opened
from tests.browser.test_hostile_text import KINDS, assert_harmless, text_of
from tests.browser.test_pages import BEYOND, CUT_OFF
from tests.browser.test_site_pages import scroll_of
from tests.marks import more
from tests.quarter import PROGRAM

pytestmark = more
PAYEES = list(zip(NAMES, STORES, strict=True))


def assert_in_place(opened: Opened) -> None:
    """It fits a phone, and on paper every column lies within the margins."""
    width = PHONE["viewport"]["width"]
    opened.page.set_viewport_size(PHONE["viewport"])
    assert scroll_of(opened) == (width, width)
    assert opened.page.evaluate(CUT_OFF, width) == []
    opened.page.set_viewport_size({"width": PAPER, "height": 900})
    opened.page.emulate_media(media="print")
    assert opened.page.evaluate(BEYOND, PAPER) == []


@pytest.mark.parametrize(("partner", "store"), PAYEES, ids=KINDS)
def test_the_pages_of_a_payee_show_any_name_as_text(
    partner: str, store: str, named_site: str, look: Look
) -> None:
    """The partner, its store, its statement, its line; and the search for its id."""
    for path, shown in (
        (f"/streams/partner:{quote(partner)}", visible(NAMES[partner])),
        (f"/streams/store:{quote(store)}", f"store:{store}"),
        (f"/statements/{PROGRAM}/partner:{quote(partner)}", f"partner:{partner}"),
        (f"/lines/{PROGRAM}/{quote(store)}", visible(NAMES[partner])),
        (f"/search?q={quote(partner)}", f"partner:{partner}"),
    ):
        opened = look(named_site + path)
        text = text_of(opened)
        assert shown in text, path
        assert "\u202e" not in text
        assert_harmless(opened)
        assert_in_place(opened)


@pytest.mark.parametrize(
    "path",
    ["/", f"/programs/{PROGRAM}", "/log", "/facts/20", "/query?sql=select+*+from+partners",
     "/exceptions", "/status", f"/search?q={quote(SCRIPT)}", f"/search?q={'Q' * 200}",
     f"/lines/{PROGRAM}/{quote(SCRIPT)}"],
)  # fmt: skip
def test_the_pages_of_a_book_show_any_name_as_text(path: str, named_site: str, look: Look) -> None:
    """Of lists, and of what was typed."""
    opened = look(named_site + path)
    opened.unfold(10_000)
    opened.messages[:] = [text for text in opened.messages if "404 (Not Found)" not in text]
    assert_harmless(opened)
    assert_in_place(opened)


def test_whom_a_close_names_is_shown_as_text(named_site: str, look: Look) -> None:
    """Who closed it and why, the file of a fact, the reference of a payment."""
    statement = text_of(look(f"{named_site}/statements/{PROGRAM}/partner:P-1"))
    for name in (f"by {SCRIPT}", f"{SCRIPT}YYY", f"{SCRIPT}ZZZ"):
        assert name in statement, name
    opened = look(f"{named_site}/streams/store:S-1")
    assert FILE in text_of(opened)
    opened.page.locator("td a[href^='/facts/']").first.click()
    assert FILE in text_of(opened)
