"""What a page from elsewhere can make a browser do with the web view: nothing."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import SWITCHES, Look, executable
from tests.browser.kinds import PROGRAM
from tests.marks import more

pytestmark = more
ELSEWHERE = "evil.example"


class Pages(ThreadingHTTPServer):
    """A server whose pages a test writes."""

    html = ""

    @property
    def address(self) -> str:
        """Under another name than the book has, so of another origin and of another site."""
        return f"http://localhost:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Pages

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        own = "a page within" if self.path == "/within" else self.server.html
        self.wfile.write(own.encode())

    def log_message(self, *_: object) -> None:
        """Writes nothing."""


@pytest.fixture
def other() -> Iterator[Pages]:
    """A server of another origin."""
    with Pages(("127.0.0.1", 0), _Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_name_that_was_turned_to_this_machine_is_refused(site: str, chromium: Browser) -> None:
    """As if somebody's name server had answered with 127.0.0.1."""
    switches = [*SWITCHES, f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"]
    with_rule = chromium.browser_type.launch(executable_path=executable(), args=switches)
    try:
        page = with_rule.new_page()
        answer = page.goto(f"http://{ELSEWHERE}:{urlsplit(site).port}/")
        assert answer is not None
        assert answer.status == 421
        assert "not known by that name" in page.locator("body").inner_text()
        own = page.goto(site)
        assert own is not None
        assert own.status == 200
    finally:
        with_rule.close()


def test_a_form_of_another_page_changes_nothing(site: str, other: Pages, look: Look) -> None:
    """What it sends is refused, whatever it holds."""
    other.html = f'<form method="post" action="{site}/log"><button>Send</button></form>'
    opened = look(other.address)
    opened.page.get_by_role("button").click()
    assert opened.page.url == f"{site}/log"
    assert "The book is only read here" in opened.page.locator("body").inner_text()


def test_no_other_page_shows_it_inside_itself(site: str, other: Pages, look: Look) -> None:
    """A frame with a page of its own is shown: so the emptiness of the other says something."""
    other.html = f'<iframe src="{other.address}/within"></iframe><iframe src="{site}/"></iframe>'
    opened = look(other.address)
    own, foreign = (frame.content_frame for frame in opened.page.locator("iframe").all())
    assert own.locator("body").inner_text() == "a page within"
    assert foreign.get_by_text(PROGRAM).count() == 0
    assert any("frame-ancestors" in message for message in opened.messages)


def test_a_script_of_another_page_reads_nothing_of_it(site: str, other: Pages, look: Look) -> None:
    """Neither by asking for it nor by loading it as a picture, a style or a script."""
    other.html = f'<link rel="stylesheet" href="{site}/"><script src="{site}/log.json"></script>'
    opened = look(other.address)
    script = "address => fetch(address).then(answer => answer.text()).catch(error => 'refused')"
    assert opened.page.evaluate(script, f"{site}/log.json") == "refused"
    assert opened.page.evaluate(script, f"{other.address}/within") == "a page within"
    assert len([message for message in opened.messages if "NotSameOrigin" in message]) == 2


def test_its_pages_run_no_script_even_if_one_were_in_them(site: str, look: Look) -> None:
    """The policy forbids it: one that a test puts there is refused and named in the console."""
    opened = look(f"{site}/")
    opened.page.evaluate(
        "() => { const own = document.createElement('script'); own.textContent = 'alert(1)';"
        " document.body.append(own); }"
    )
    assert opened.dialogs == []
    assert any("script" in message and "Policy" in message for message in opened.messages)


def test_the_icon_that_browsers_ask_for_is_not_missed(site: str, look: Look) -> None:
    """An answer without content, no error."""
    opened = look(f"{site}/")
    icon = opened.page.request.get(f"{site}/favicon.ico")
    assert (icon.status, icon.body()) == (204, b"")
    assert opened.messages == []
