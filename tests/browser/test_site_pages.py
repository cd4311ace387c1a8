"""Every kind of page of the web view: axe-core, what it asks for, on a phone, on paper."""

import pytest

from tests.browser.conftest import Look
from tests.browser.opened import PAPER, PHONE, Opened, violations
from tests.browser.test_accessibility import UNFOLDED_MAX
from tests.browser.test_pages import BEYOND, CUT_OFF, TABLES, assert_alone
from tests.browser.test_pictures import TEXTS, pale
from tests.cli.site import AS_OF
from tests.marks import more

pytestmark = more
PROGRAM = "recruiting-eu-jp-2026q1"
FEES = "technical-fee-2020/2020-05"
KINDS = {
    "book": "/",
    "status": "/status",
    "program": f"/programs/{PROGRAM}",
    "months": "/programs/technical-fee-2020",
    "month": f"/programs/{FEES}",
    "judging": "/programs/star-map-2020",
    "statement": f"/statements/{PROGRAM}/partner:P-01",
    "line": f"/lines/{PROGRAM}/S-1003",
    "line of orders": f"/lines/{FEES}/D-01?where=amount+>+900",
    "fact": "/facts/100",
    "close": "/facts/1663",
    "store": "/streams/store:S-1003",
    "partner": "/streams/partner:P-01",
    "order": "/orders/D-01/6800000481",
    "exceptions": "/exceptions",
    "breaks": "/breaks",
    "obligations": "/obligations?where=state+=+overdue",
    "log": "/log?after=1600",
    "verify": "/verify",
    "compare": "/compare?from=1662&to=1690",
    "query": "/query?sql=select+*+from+gmv+limit+20",
    "search": "/search?q=S-100",
    "past": f"/programs/{PROGRAM}?as_of=2026-02-01",
}
"""An address of each kind, and of what a kind can be besides."""
pages = pytest.mark.parametrize("kind", KINDS)


def address(kind: str) -> str:
    """The address of a kind, as of an instant that keeps what is worked out for the next test."""
    asked = KINDS[kind]
    if "as_of" in asked:
        return asked
    return f"{asked}{'&' if '?' in asked else '?'}as_of={AS_OF}"


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


def test_a_refusal_has_no_axe_violation_and_says_what_to_do(site: str, look: Look) -> None:
    opened = look(f"{site}/programs/recruting-eu-jp-2026q1", phone=True)
    assert "Did you mean recruiting-eu-jp-2026q1" in opened.page.locator("section").inner_text()
    assert violations(opened) == ""
    assert opened.requests == [opened.page.url]
    assert [message for message in opened.messages if "404 (Not Found)" not in message] == []
