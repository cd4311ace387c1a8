"""Several books behind one web view: a list of them, and the pages of each under its own prefix."""

import re
import signal
import subprocess
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.cli.site import AS_OF, Browser, Read, address_of, clocks, data, page
from tests.cli.test_many_books import listed
from tests.marks import more
from tests.quarter import PROGRAM, certified, held_quarter, store

Duebook = Callable[..., Any]
FILE = "books.toml"
EUROPE, JAPAN = "Europe", "日本 2.json"
TO_EUROPE, TO_JAPAN = "/books/Europe", f"/books/{quote(JAPAN)}"
KNOWN = "known_at=2126-01-01T00:00:00Z"
BOTH = f"as_of={AS_OF}&{KNOWN}"
AT = ("--as-of", AS_OF, "--known-at", "2126-01-01T00:00:00Z", "--format", "json")
FEES = "technical-fee-2020/2020-05"
KINDS = (
    *(
        "/",
        "/?known_at=1600",
        "/?as_of=nonsense",
        "/exceptions",
        "/breaks",
        "/obligations",
        "/audit",
    ),
    *("/search?q=P-01", "/query", "/query?sql=select+*+from+partners", "/query?sql=drop+table+x"),
    *("/compare?from=1680", "/log?after=1600", "/verify", "/nothing", "/facts/100", "/facts/99999"),
    *(f"/programs/{PROGRAM}", f"/programs/{PROGRAM}?where=outcome+=+held", f"/programs/{FEES}"),
    *(f"/lines/{PROGRAM}/S-1001", f"/statements/{PROGRAM}/partner:P-01", "/orders/D-01/6800000481"),
    *("/streams/store:S-1003", "/programs/technical-fee-2020", "/programs/recruting-eu-jp-2026q1"),
    *("/exceptions.json", "/log.csv?after=1680", f"/programs/{PROGRAM}.csv", "/nothing.json"),
)
"""An address of each kind of page of the busy demo, of its data, and of what is refused."""
WHERE_AMONG = re.compile(
    r'<p class="soft">Book <a href="[^"]*">Europe</a>, one of '
    r'<a href="/\?as_of=[^"&]*&amp;known_at=[^"&]*">all books</a></p>\n'
)


@pytest.fixture
def two(
    busy: Path, duebook: Duebook, file: Callable[..., str], new_database: Any
) -> Iterator[dict[str, str]]:
    """The busy demo in a file, and a quarter on a server; and their list."""
    places = {EUROPE: str(busy), JAPAN: new_database()}
    assert duebook("init", "--book", places[JAPAN]).code == 0
    assert duebook("record", file(held_quarter()), "--book", places[JAPAN]).code == 0
    listed(*places.items())
    yield places
    new_database.give_back(places[JAPAN])


@pytest.fixture
def alike(here: Path, duebook: Duebook, file: Callable[..., str]) -> None:
    """Two books that are of one length and have one program, but each a store of its own."""
    for number in (1, 2):
        assert duebook("init", "--book", f"{number}.db").code == 0
        told = file(certified("P-1") + store(number))
        assert duebook("record", told, "--book", f"{number}.db").code == 0
    listed(("first", "1.db"), ("second", "2.db"))


def actions(read: Read) -> list[str]:
    """Where the forms of a page lead."""
    return [str(own["action"]) for tag, own in read.tags if tag == "form"]


def test_the_first_page_lists_the_books_and_the_programs_of_each(
    two: dict[str, str], duebook: Duebook
) -> None:
    """Each as it says alone; what was issued is the sum of its closes."""
    browser = Browser(FILE, books=True)
    answer = data(browser, f"/?{BOTH}")
    assert set(answer) == {"as_of", "known_at", "books", "refused"}
    assert [own["name"] for own in answer["books"]] == [EUROPE, JAPAN]
    assert answer["refused"] == []
    for own in answer["books"]:
        alone = data(Browser(two[own["name"]]), f"/?as_of={AS_OF}")
        assert (own["entity"], own["position"], own["head"]) == (
            *(alone["entity"], alone["events"], alone["head"]),
        )
        assert {row["program"] for row in own["programs"]} <= {
            row["program"] for row in alone["programs"]
        }
    europe = {row["program"]: row for row in answer["books"][0]["programs"]}
    closes = [
        row for row in duebook("log", "--format", "json").json if row["type"] == "PeriodClosed"
    ]
    (quarter,) = (row for row in closes if row["program"] == PROGRAM)
    assert europe[PROGRAM]["issued"] == quarter["totals"]
    assert (europe[PROGRAM]["closed_periods"], europe[PROGRAM]["open_periods"]) == (1, 0)
    fees = europe["technical-fee-2020"]
    months = data(Browser(two[EUROPE]), f"/programs/technical-fee-2020?as_of={AS_OF}")["periods"]
    states = Counter(row["state"] == "closed" for row in months)
    assert (fees["closed_periods"], fees["open_periods"]) == (states[True], states[False])
    assert {row["program"]: row for row in answer["books"][1]["programs"]}[PROGRAM]["issued"] == {}
    read = page(browser, f"/?{BOTH}")
    assert "60,400.00 CNY" in read.texts
    rows = browser.get(f"/.csv?{BOTH}").text.splitlines()
    assert rows[0].startswith("book,entity,program,")
    assert len(rows) == 1 + sum(len(own["programs"]) for own in answer["books"])


def test_a_period_that_is_not_closed_yet_at_the_clocks_is_open(two: dict[str, str]) -> None:
    browser = Browser(FILE, books=True)
    rows = data(browser, "/?as_of=2026-04-30")["books"][0]["programs"]
    before = next(row for row in rows if row["program"] == PROGRAM)
    assert (before["closed_periods"], before["open_periods"], before["issued"]) == (0, 1, {})
    rows = data(browser, "/?as_of=2025-12-01")["books"][0]["programs"]
    assert next(row for row in rows if row["program"] == PROGRAM)["open_periods"] == 0


def leads(read: Read, prefix: str) -> list[str]:
    """Where the links of a book's page lead, without the prefix; they and its forms all stay
    within the book, but for one link, to all books."""
    links = [link for link in read.links if not link.startswith("#")]
    (out,) = (link for link in links if not link.startswith(f"{prefix}/"))
    assert out.startswith("/?as_of=")
    assert all(action.startswith(f"{prefix}/") for action in actions(read))
    return [link.partition("#")[0].removeprefix(prefix) for link in links if link != out]


def same_page(address: str, browser: Browser, alone: Browser) -> list[str]:
    """Asserts that a page of Europe among others is the page of the book alone, byte for byte but
    for the prefix and the line that names the book; answers where it leads."""
    among, own = browser.get(TO_EUROPE + address), alone.get(address)
    length = {"content-length": ""}
    assert among.status_code == own.status_code
    assert dict(among.headers) | length == dict(own.headers) | length
    if not among.headers["content-type"].startswith("text/html"):
        assert among.text == own.text, address
        return []
    text, count = WHERE_AMONG.subn("", among.text)
    assert count == 1, address
    assert text.count(f" · {EUROPE} · duebook</title>") == 1
    text = text.replace(f" · {EUROPE} · duebook</title>", " · duebook</title>")
    assert text.replace(f'="{TO_EUROPE}/', '="/') == own.text, address
    return leads(Read(among.text), TO_EUROPE)


def test_the_pages_of_a_book_are_its_own_and_stay_under_its_prefix(two: dict[str, str]) -> None:
    """Links, forms, data, permalinks of queries, refusals."""
    browser, alone = Browser(FILE, books=True), Browser(two[EUROPE])
    leading = [link for address in KINDS for link in same_page(address, browser, alone)]
    assert len(set(leading)) > 300


@more
def test_whatever_a_book_s_pages_lead_to_is_in_that_book(two: dict[str, str]) -> None:
    """By links alone, so many of each kind."""
    browser, alone = Browser(FILE, books=True), Browser(two[EUROPE])
    waiting, seen, kinds = deque(KINDS), set(KINDS), Counter[str]()
    while waiting:
        for link in same_page(waiting.popleft(), browser, alone):
            path = urlsplit(link).path
            kind = path.split("/")[1] + Path(path).suffix
            if link not in seen and kinds[kind] < 2:
                kinds[kind] += 1
                seen.add(link)
                waiting.append(link)
    assert len(seen) > len(KINDS) + 20


def test_a_book_on_a_server_has_pages_beside_one_in_a_file(two: dict[str, str]) -> None:
    """Under a name that has a blank, other letters and a suffix in it."""
    browser = Browser(FILE, books=True)
    for address in ("/", "/log", "/exceptions", f"/programs/{PROGRAM}", "/nothing", "/query"):
        answer = browser.get(TO_JAPAN + address)
        assert answer.status_code == (404 if address == "/nothing" else 200)
        assert len(leads(Read(answer.text), TO_JAPAN)) > 10
    line = f"/lines/{PROGRAM}/S-1?as_of={AS_OF}"
    assert data(browser, f"{TO_JAPAN}{line}") == data(Browser(two[JAPAN]), line)
    assert browser.get(f"{TO_EUROPE}{line}").status_code == 404


def test_an_answer_of_one_book_is_never_one_of_another(alike: None) -> None:
    """Not of what is kept between pages either: program, clocks and terms are the same in both."""
    browser = Browser(FILE, books=True)
    listed_ = data(browser, f"/?as_of={AS_OF}")["books"]
    assert listed_[0]["position"] == listed_[1]["position"]
    asked = f"as_of={AS_OF}&known_at={listed_[0]['position']}"
    for _ in range(2):
        for name, number in (("first", 1), ("second", 2)):
            lines = data(browser, f"/books/{name}/programs/{PROGRAM}?{asked}")["lines"]
            assert [line["line"] for line in lines] == [f"{PROGRAM}/S-{number}"]
            gmv = data(browser, f"/books/{name}/query?sql=select+store+from+gmv&{asked}")
            assert {row["store"] for row in gmv} == {f"S-{number}"}
            assert data(browser, f"/books/{name}/exceptions?{asked}") == []


def test_a_book_that_is_not_in_the_list_is_refused_in_words(two: dict[str, str]) -> None:
    browser = Browser(FILE, books=True)
    for address in ("/books/Europa/", "/books/europe/programs/x?known_at=100", "/books/Europa"):
        read = page(browser, address, 404)
        assert "There is no book 'Europa'" in read.text or "no book 'europe'" in read.text
        assert "Did you mean Europe?" in read.text
    for address in ("/books/", "/books", "/books//", "/nothing", "/programs/x", "/books/%2e%2e/"):
        page(browser, address, 404)
    answer = browser.get("/books/Europa/programs.json")
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "hint"}
    assert "Look at the books." in page(browser, "/nothing", 404).text
    for address in ("//evil.example/x", f"{TO_EUROPE}//evil.example/x"):
        read = page(browser, f"http://127.0.0.1:8321{address}", 404)
        assert not any(link.startswith("//") for link in (*read.links, *actions(read)))
    moved = browser.get(f"{TO_EUROPE}?as_of=2026-04-30")
    assert (moved.status_code, moved.headers["location"]) == (
        *(307, f"{TO_EUROPE}/?as_of=2026-04-30"),
    )


def test_a_book_that_cannot_be_opened_is_said_and_hides_no_other(alike: None) -> None:
    listed(("first", "1.db"), ("gone", "none.db"), ("second", "2.db"))
    browser = Browser(FILE, books=True)
    answer = data(browser, "/")
    assert [own["name"] for own in answer["books"]] == ["first", "second"]
    assert [row["book"] for row in answer["refused"]] == ["gone"]
    read = page(browser, "/")
    assert "Book 'gone': There is no book at none.db." in read.text
    assert "first" in read.texts
    assert "gone" in browser.get("/.csv").text.splitlines()[-1]
    hits = data(browser, "/search?q=store:S-2")
    assert {hit["book"] for hit in hits["hits"]} == {"second"}
    assert [row["book"] for row in hits["refused"]] == ["gone"]
    own = browser.get("/books/gone/programs/x")
    assert (own.status_code, own.text) == (503, "There is no book at none.db.\n")
    assert browser.get("/books/first/").status_code == 200
    for address in ("/query?sql=select+1", "/status"):
        assert "Book 'gone': There is no book" in page(browser, address, 400).text


def test_a_query_across_the_books_is_the_command_s(two: dict[str, str], duebook: Duebook) -> None:
    """At the same clocks, as data; its rows lead into their books."""
    sql = "select book, store, sum(amount) as amount from gmv group by all order by 1, 2"
    ran = duebook("query", sql, "--books", FILE, *AT)
    assert ran.code == 0, ran.err
    browser = Browser(FILE, books=True)
    asked = f"/query?sql={quote(sql)}&{BOTH}"
    assert data(browser, asked) == ran.json
    read = page(browser, asked)
    for start in (f"{TO_EUROPE}/streams/store:S-1001?", f"{TO_JAPAN}/streams/store:S-1?"):
        page(browser, next(link for link in read.links if link.startswith(start)))
    tables = duebook("query", "--books", FILE, "--format", "json").json
    assert data(browser, "/query") == tables
    assert "SELECT" in page(browser, "/query?sql=drop+table+gmv", 400).text


def test_the_status_of_the_books_is_the_command_s(two: dict[str, str], duebook: Duebook) -> None:
    ran = duebook("status", "--books", FILE, *AT)
    assert ran.code == 0, ran.err
    browser = Browser(FILE, books=True)
    assert data(browser, f"/status?{BOTH}") == ran.json
    read = page(browser, f"/status?{BOTH}")
    assert f"{TO_JAPAN}/programs/{PROGRAM}?" in " ".join(read.links)
    assert any(f"{int(ran.json['totals']['to_close']['CNY'].split('.')[0]):,}." in text
               for text in read.texts)  # fmt: skip


def test_a_search_goes_over_all_books_and_leads_into_each(two: dict[str, str]) -> None:
    browser = Browser(FILE, books=True)
    hits = data(browser, "/search?q=partner:P-")["hits"]
    assert {hit["book"] for hit in hits} == {EUROPE, JAPAN}
    for name, place in two.items():
        alone = data(Browser(place), "/search?q=partner:P-")
        assert [{k: v for k, v in hit.items() if k != "book"} for hit in hits
                if hit["book"] == name] == alone  # fmt: skip
    links = page(browser, "/search?q=partner:P-").links
    for prefix in (TO_EUROPE, TO_JAPAN):
        page(browser, next(link for link in links if link.startswith(f"{prefix}/streams/")))


def test_positions_are_of_one_book_and_instants_of_all(two: dict[str, str]) -> None:
    browser = Browser(FILE, books=True)
    assert "a position is of one book" in page(browser, "/?known_at=100", 400).text
    assert "neither a day nor" in page(browser, "/query?known_at=nonsense", 400).text
    assert "neither a day nor" in page(browser, "/?as_of=nonsense", 400).text
    early = data(browser, "/?known_at=2001-01-01")
    assert early["books"] == []
    assert [row["book"] for row in early["refused"]] == [EUROPE, JAPAN]
    assert "recorded nothing by" in early["refused"][0]["error"]
    for link in page(browser, "/").links:
        if link.startswith((f"{TO_EUROPE}/?", f"{TO_JAPAN}/?")):
            assert re.fullmatch("[0-9]+", clocks(link)["known_at"][0])


def test_a_page_of_all_books_that_is_sent_shows_what_was_seen(
    alike: None, duebook: Duebook, file: Callable[..., str]
) -> None:
    """Also after one of them has learned more."""
    browser = Browser(FILE, books=True)
    own = next(link for link in page(browser, "/").links if link.startswith("/?"))
    seen = data(browser, own)
    positions = [book["known_at"] for book in seen["books"]]
    assert duebook("record", file(store(3)), "--book", "2.db").code == 0
    again = data(Browser(FILE, books=True), own)
    # The clock of this browser is ahead of that of the command: an instant behind both is all.
    assert again["books"][0]["known_at"] == positions[0]
    between = seen["books"][1]["recorded_at"]
    then = data(browser, f"/?known_at={quote(between)}&as_of={AS_OF}")
    assert [book["known_at"] for book in then["books"]] == positions
    assert "Look as of now" in page(browser, f"/?known_at={quote(between)}").texts
    assert "Look as of now" not in page(browser, "/").texts


def test_a_page_of_a_book_leads_back_to_all_at_its_clocks(two: dict[str, str]) -> None:
    browser = Browser(FILE, books=True)
    read = page(browser, f"{TO_EUROPE}/facts/100?as_of=2026-06-30&known_at=1600")
    back = next(link for link in read.links if link.startswith("/?"))
    assert clocks(back)["as_of"] == ["2026-06-30T16:00:00Z"]
    answer = data(browser, back)
    europe = next(own for own in answer["books"] if own["name"] == EUROPE)
    assert 1600 <= europe["known_at"] < europe["position"]


def test_whoever_may_ask_one_book_may_ask_several_and_no_more(two: dict[str, str]) -> None:
    """Host, token, methods, policy: of the list, of a book's pages, of refusals, of data."""
    browser = Browser(FILE, token="right", books=True)
    for address in (
        "/",
        "/.json",
        f"{TO_EUROPE}/",
        TO_EUROPE,
        "/books/none/",
        f"{TO_JAPAN}/log.csv",
    ):
        assert browser.get(address).status_code == 401
        given = {"auth": ("anybody", "right")}
        assert browser.get(address, **given, headers={"host": "evil.example"}).status_code == 421
        for method in ("POST", "PUT", "DELETE"):
            assert browser.ask(method, address, **given).status_code == 405
        answer = browser.get(address, **given)
        assert answer.status_code in (200, 307, 404)
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "set-cookie" not in answer.headers
        head = browser.ask("HEAD", address, **given)
        assert (head.status_code, head.content) == (answer.status_code, b"")


def test_looking_at_several_books_changes_none(two: dict[str, str]) -> None:
    files = [path for path in Path().rglob("*") if path.is_file() and "-shm" not in path.name]
    before = {path: path.read_bytes() for path in files}
    browser = Browser(FILE, books=True)
    for address in ("/", "/status", "/query?sql=select+*+from+stores", "/search?q=P-01",
                    f"{TO_EUROPE}/exceptions", f"{TO_JAPAN}/exceptions"):  # fmt: skip
        page(browser, address)
    assert {path: path.read_bytes() for path in files} == before


def test_what_cannot_be_served_is_said_before_it_listens(
    alike: None, duebook: Duebook, here: Path
) -> None:
    both = duebook("serve", "--books", FILE, "--book", "1.db")
    assert (both.code, "--book is one book, --books several" in both.err) == (2, True)
    group = duebook("--book", "1.db", "serve", "--books", FILE)
    assert (group.code, "--book is one book, --books several" in group.err) == (2, True)
    listed(("first", "1.db"), ("again", str(here / "1.db")))
    copied = duebook("serve", "--books", FILE)
    assert (copied.code, "'first' and 'again' are the same book" in copied.err) == (2, True)
    listed(("first", "none.db"), ("second", "nor.db"))
    none = duebook("serve", "--books", FILE)
    assert (none.code, "Book 'first': There is no book at none.db." in none.err) == (1, True)
    Path(FILE).write_text("[[book]]\n", encoding="utf-8")
    assert duebook("serve", "--books", FILE).code == 2
    assert duebook("serve", "--books", "no.toml").code == 2


def test_it_says_which_books_it_serves_and_which_it_cannot(
    alike: None, process: Callable[..., "subprocess.Popen[str]"]
) -> None:
    listed(("first", "1.db"), ("gone", "none.db"))
    running = process("serve", "--books", FILE, "--port", "0")
    try:
        address = address_of(running)
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
        assert running.stderr is not None
        assert running.stderr.readline() == "Book 'gone': There is no book at none.db.\n"
    finally:
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
    assert running.returncode == 0
