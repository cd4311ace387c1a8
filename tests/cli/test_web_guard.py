"""Who may ask the web view, how, and what a browser may do with its answers."""

import base64
import hashlib
import json
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from cli.talk import say
from ledger.store.book import Book, open_book
from projections.pages.rendering import _source
from tests.cli.site import Browser, address_of, page

Duebook = Callable[..., Any]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_get_and_head_are_answered(demo: Path, method: str) -> None:
    browser = Browser(demo)
    answer = browser.ask(method, "/")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    head = browser.ask("HEAD", "/")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8321", "127.0.0.1", "127.0.0.1:80", ""]
)
def test_a_name_that_is_not_its_own_is_refused(demo: Path, host: str) -> None:
    """A page from elsewhere can make a browser ask a loopback address under its own name."""
    answer = Browser(demo).get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "recruiting" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8321", "LOCALHOST:8321", "[::1]:8321"])
def test_its_own_names_are_answered(demo: Path, host: str) -> None:
    assert Browser(demo).get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("address", ["/", "/nothing", "/log.json", "/log.csv", "/favicon.ico"])
def test_every_answer_says_what_a_browser_may_do_with_it(demo: Path, address: str) -> None:
    headers = Browser(demo).get(address).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "set-cookie" not in headers
    assert "access-control-allow-origin" not in headers


def test_the_policy_allows_the_page_s_own_style_alone(demo: Path) -> None:
    answer = Browser(demo).get("/")
    digest = base64.b64encode(hashlib.sha256(_source("style.css").encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in answer.headers["content-security-policy"]
    assert " style=" not in answer.text
    assert "<script" not in answer.text


def test_with_a_token_nothing_is_answered_without_it(demo: Path) -> None:
    browser = Browser(demo, token="right")
    assert browser.get("/").status_code == 401
    assert browser.get("/").headers["www-authenticate"].startswith("Basic ")
    for name, password in (("anybody", "wrong"), ("right", ""), ("", "")):
        assert browser.get("/", auth=(name, password)).status_code == 401
    for given in ("Basic !!!", "Basic /w==", "Bearer wrong", "Digest right", ""):
        assert browser.get("/", headers={"authorization": given}).status_code == 401
    assert browser.get("/", auth=("anybody", "right")).status_code == 200
    assert browser.get("/", headers={"authorization": "Bearer right"}).status_code == 200


def test_a_book_that_is_looked_at_refuses_every_write(book: Book, location: str) -> None:
    """The database itself does, whatever is asked of it."""
    looked_at = open_book(location, readonly=True)
    try:
        for sql in ("DELETE FROM refs", "INSERT INTO withdrawn VALUES (1, 1)", "DROP TABLE refs"):
            with looked_at.reading() as connection, pytest.raises(DatabaseError) as refused:
                connection.execute(text(sql))
            assert re.search("read.?only", str(refused.value))
    finally:
        looked_at.close()


def test_pages_are_the_same_from_a_server(
    book: Book, location: str, record_facts: Callable[..., Any]
) -> None:
    from tests.quarter import certified, store

    record_facts(book, certified("P-1") + store(1))
    browser = Browser(location)
    read = page(browser, "/programs/recruiting-eu-jp-2026q1?as_of=2026-06-30")
    assert "2,000.00" in read.numbers
    for address in ("/", "/streams/store:S-1", "/exceptions", "/log", "/status", "/verify",
                    "/search?q=S-1", "/query?sql=select+*+from+stores", "/obligations", "/breaks",
                    "/lines/recruiting-eu-jp-2026q1/S-1", "/compare?from=20"):  # fmt: skip
        page(browser, address)


def test_an_answer_that_takes_too_long_is_promised(demo: Path) -> None:
    answer = Browser(demo, seconds=0.001).get("/status")
    assert answer.status_code == 503
    assert "Load the page again" in answer.text


def test_a_bug_is_told_without_the_inside_of_the_program(
    demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("projections.web.routes.answer", broken)
    answer = Browser(demo).get("/")
    assert answer.status_code == 500
    assert answer.text == "duebook itself failed: ZeroDivisionError: oh\n"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_it_says_where_it_listens_answers_there_and_stops_on_ctrl_c(
    demo: Path, process: Callable[..., "subprocess.Popen[str]"]
) -> None:
    running = process("--book", demo, "serve", "--port", "0")
    address = address_of(running)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
    with urllib.request.urlopen(f"{address}.json") as answer:
        assert json.load(answer)["entity"] == "platform"
        assert "server" not in answer.headers
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 0
    assert err.splitlines()[-1] == "Stopped."


def test_ctrl_c_amid_its_first_words_is_its_end_as_well(
    demo: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while libraries are imported: a process that ends amid that would be aborted."""
    imported = []

    def slowly() -> None:
        time.sleep(0.3)
        imported.append("all of it")

    def interrupted(*words: str) -> None:
        say(*words)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("cli.commands.serve._warm", slowly)
    monkeypatch.setattr("cli.commands.serve.say", interrupted)
    before = signal.getsignal(signal.SIGINT)
    stopped = duebook("--book", demo, "serve", "--port", "0")
    assert stopped.code == 0
    assert stopped.err.splitlines()[-2:] == ["It only reads. Stop it with Ctrl-C.", "Stopped."]
    assert imported == ["all of it"]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("host", ["", "b\u00fccher", "a b", "a\tb", "[::1]", "a..b", "a" * 70])
def test_what_is_no_address_of_a_host_is_refused_in_words(
    host: str, demo: Path, duebook: Duebook
) -> None:
    refused = duebook("--book", demo, "serve", "--allow-network", "--port", "0", "--host", host)
    assert refused.code == 2, refused.err
    assert "is no address and no host name" in refused.err or (
        "is not known as a name of any machine" in refused.err
    )


def test_an_address_of_another_machine_is_told_as_such(demo: Path, duebook: Duebook) -> None:
    words = ("--book", demo, "serve", "--allow-network", "--port", "0", "--host", "192.0.2.1")
    refused = duebook(*words)
    assert refused.code == 1
    assert "Nobody can listen on 192.0.2.1 port 0: Cannot assign requested address." in refused.err


def test_others_can_reach_it_only_by_a_token(
    demo: Path, process: Callable[..., "subprocess.Popen[str]"], duebook: Duebook
) -> None:
    refused = duebook("--book", demo, "serve", "--host", "0.0.0.0")
    assert refused.code == 2
    assert "--allow-network" in refused.err
    words = ("--host", "0.0.0.0", "--allow-network", "--port", "0")
    running = process("--book", demo, "serve", *words)
    assert running.stderr is not None
    address = address_of(running)
    token = running.stderr.readline().split()[-1]
    try:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(address)
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
        assert urllib.request.urlopen(request).status == 200
    finally:
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)


def test_what_it_cannot_do_is_said_before_it_listens(here: Path, duebook: Duebook) -> None:
    missing = duebook("--book", "none.db", "serve")
    assert missing.code == 1
    assert "There is no book" in missing.err
    assert duebook("init").code == 0
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = duebook("serve", "--port", taken.getsockname()[1])
    assert ran.code == 1
    assert "--port 0" in ran.err


def test_readers_side_by_side_each_get_their_own_answer(demo: Path) -> None:
    months = [f"as_of=2026-0{month}-15&known_at=1600" for month in range(2, 8)]
    addresses = [f"/programs/recruiting-eu-jp-2026q1?{month}" for month in months]
    alone = {address: Browser(demo).get(address).content for address in addresses}
    together = Browser(demo).side_by_side(addresses)
    assert {address: answer.content for address, answer in together.items()} == alone
