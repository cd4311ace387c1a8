"""The web view says what the commands say, at every address, and every link leads somewhere."""

import hashlib
import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.cli.site import AS_OF, Browser, Read, amounts, clocks, data, page, records, scalars
from tests.marks import more

Duebook = Callable[..., Any]
PROGRAM = "recruiting-eu-jp-2026q1"
STATEMENT = f"{PROGRAM}/partner:P-01"
FEES = "technical-fee-2020/2020-05"
AT = ("--as-of", AS_OF)
PINNED = f"as_of={AS_OF}"
DATA = re.compile(r"\.(json|csv)\?")
STARTS = ("/", "/search?q=S-1001", "/query?sql=select+*+from+partners", "/compare?from=1660")
STARTS += (f"/lines/{FEES}/D-01", f"/programs/{PROGRAM}")
FLOWS = ("issued", "adjusted", "paid", "open")
NAMING = ("/lines/", "/statements/")
PER_KIND = 3
"""Pages of a kind that a short crawl opens."""


def crawl(browser: Browser, per_kind: int) -> list[tuple[str, Read]]:
    """Pages from the first one on, so many of each kind, with what they say."""
    waiting, seen, kinds = deque(STARTS), set(STARTS), Counter[str]()
    pages = []
    while waiting:
        address = waiting.popleft()
        read = page(browser, address)
        pages.append((address, read))
        for link in read.links:
            own = link.partition("#")[0]
            if own in seen or not own.startswith("/") or DATA.search(own):
                continue
            kind = urlsplit(own).path.split("/")[1]
            seen.add(own)
            if kinds[kind] < per_kind:
                kinds[kind] += 1
                waiting.append(own)
    return pages


@pytest.mark.parametrize("per_kind", [PER_KIND, pytest.param(60, marks=more)])
def test_every_amount_on_every_page_is_one_of_the_data_behind_it(busy: Path, per_kind: int) -> None:
    """In tables, heads, explanations and pictures; those of its own that a program draws of a whole
    period are sums, which `test_close_report.py` and the program's tests work out."""
    browser = Browser(busy)
    pages = crawl(browser, per_kind)
    assert {urlsplit(address).path.split("/")[1] for address, _ in pages} >= {
        *("", "programs", "statements", "lines", "facts", "streams", "orders", "exceptions"),
        *("breaks", "obligations", "audit", "log", "verify", "compare", "query", "search"),
        "status",
    }
    for address, read in pages:
        said = set(scalars(data(browser, address)))
        own = address.startswith("/programs/") and PROGRAM not in address
        missing = amounts(read.texts) - (amounts(read.drawn) if own else set()) - said
        for also in _also_shown(browser, address, read) if missing else ():
            missing -= also
            if not missing:
                break
        assert not missing, f"{address}: {missing}"


@pytest.mark.parametrize(
    "address", [f"/programs/{PROGRAM}", f"/programs/{FEES}", f"/statements/{STATEMENT}", "/breaks"]
)
def test_every_row_has_the_amounts_of_what_it_names(busy: Path, address: str) -> None:
    """Those of the line or the statement that its first cell leads to, and of no other."""
    browser = Browser(busy)
    answer = data(browser, address)
    rows = [row for row in page(browser, address).rows if row.link.startswith(NAMING)]
    assert len(rows) > 5
    for row in rows:
        asked = data(browser, row.link) if row.link.startswith("/statements/") else answer
        own = [set(map(str, own.values())) for own in records(asked) if row.name in own.values()]
        assert any(amounts(row.numbers) <= values for values in own), row


def _also_shown(browser: Browser, address: str, read: Read) -> Iterator[set[str]]:
    """What a page shows of other answers: sums by outcome of its own lines, the statements of its
    period and their sums, the lines of its thing, the orders of its line."""
    path, _, asked = address.partition("?")
    yield {*_sums_by_outcome(data(browser, address))}
    yield set(re.findall(r"-?[0-9]+\.[0-9]+", browser.get(f"{path}.csv?{asked}").text))
    links = [link for link in dict.fromkeys(read.links) if not DATA.search(link)]
    stated = [data(browser, link) for link in links if link.startswith("/statements/")]
    yield {*scalars(stated)}
    yield {*_sums_by_flow([row for answer in stated for row in answer["statements"]])}
    for link in links:
        if link.startswith("/lines/"):
            yield set(scalars(data(browser, link)))


def _sums_by_flow(statements: list[dict[str, Any]]) -> Iterator[str]:
    """What the waterfall shows: what is paid is taken off."""
    for currency in {row["currency"] for row in statements}:
        own = [row for row in statements if row["currency"] == currency]
        for flow in FLOWS:
            total = sum(Decimal(row[flow]) for row in own)
            yield str(-total if flow == "paid" else total)


def _sums_by_outcome(answer: Any) -> Iterator[str]:
    lines = answer.get("lines", ()) if isinstance(answer, dict) else ()
    sums: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        if line.get("amount") is not None:
            key = (line["outcome"], line["currency"])
            sums[key] = sums.get(key, Decimal(0)) + Decimal(line["amount"])
    yield from map(str, sums.values())


def test_every_link_keeps_both_clocks(busy: Path) -> None:
    read = page(Browser(busy), f"/programs/{PROGRAM}?as_of=2026-04-30&known_at=1600")
    links = [link for link in read.links if link.startswith("/") and "?" in link]
    assert len(links) > 50
    kept = {"as_of": ["2026-04-30T16:00:00Z"], "known_at": ["1600"]}
    assert all(clocks(link) == kept for link in links)
    assert f"/programs/{PROGRAM}" in read.links, "and one leads to now"


def test_old_clocks_are_said_at_the_head_of_a_page(busy: Path) -> None:
    browser = Browser(busy)
    assert "Look as of now" in page(browser, "/?known_at=1600").texts
    assert "Look as of now" in page(browser, "/?as_of=2026-06-30").texts
    assert "Look as of now" not in page(browser, "/").texts


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (f"/programs/{PROGRAM}", ("settle", PROGRAM)),
        (f"/programs/{FEES}", ("settle", *FEES.split("/"))),
        (f"/lines/{PROGRAM}/S-1001", ("explain", f"{PROGRAM}/S-1001")),
        (f"/statements/{STATEMENT}", ("statement", STATEMENT)),
        ("/streams/store:S-1001", ("show", "store:S-1001")),
        ("/exceptions", ("report", "exceptions")),
        ("/breaks", ("report", "reconciliation")),
        ("/obligations", ("report", "obligations")),
        ("/audit", ("report", "audit")),
        ("/log", ("log", "--limit", "200")),
        ("/query?sql=select+*+from+statements", ("query", "select * from statements")),
    ],
)
def test_the_data_behind_a_page_are_the_command_s(
    busy: Path, duebook: Duebook, address: str, words: tuple[str, ...]
) -> None:
    """To the letter, at the same clocks."""
    ran = duebook(*words, *AT, "--format", "json")
    assert ran.code == 0, ran.err
    asked = f"{address}{'&' if '?' in address else '?'}{PINNED}"
    assert data(Browser(busy), asked) == ran.json


def test_rows_are_the_command_s_as_csv(busy: Path, duebook: Duebook) -> None:
    ran = duebook("report", "exceptions", *AT, "--format", "csv")
    answer = Browser(busy).get(f"/exceptions.csv?{PINNED}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text == ran.out


def test_the_same_address_gives_the_same_bytes_and_changes_nothing(busy: Path) -> None:
    before = hashlib.sha256(busy.read_bytes()).digest()
    browser = Browser(busy)
    for address in (f"/programs/{PROGRAM}", f"/lines/{PROGRAM}/S-1001", "/streams/store:S-1001"):
        asked = f"{address}?{PINNED}&known_at=1600"
        assert browser.get(asked).content == Browser(busy).get(asked).content
    browser.get("/query?sql=select+1")
    assert hashlib.sha256(busy.read_bytes()).digest() == before


def test_from_a_program_to_the_row_of_one_fact_by_links_alone(busy: Path) -> None:
    browser = Browser(busy)
    home = page(browser, "/")
    program = page(browser, next(link for link in home.links if f"/programs/{PROGRAM}?" in link))
    statement = page(browser, next(link for link in program.links if f"/{STATEMENT}?" in link))
    line = page(browser, next(link for link in statement.links if "/S-1004?" in link))
    assert "payable" in line.text
    assert "2,000.00 CNY" in line.text
    fact = page(browser, next(link for link in line.links if link.startswith("/facts/")))
    assert re.search(r"File and row \S+:\d+", fact.text)


def test_a_line_of_orders_leads_to_each_order_and_its_row(busy: Path) -> None:
    browser = Browser(busy)
    line = page(browser, f"/lines/{FEES}/D-01")
    order = next(link for link in line.links if link.startswith("/orders/D-01/"))
    read = page(browser, order)
    assert "counts" in read.text
    assert "orders-2020-05.csv" in read.text
    assert any(link.startswith(f"/lines/{FEES}/D-01?") for link in read.links)


def test_a_store_shows_when_it_happened_and_its_gmv_against_its_line(busy: Path) -> None:
    read = page(Browser(busy), "/streams/store:S-1003")
    happened = ("MerchantOnboarded", "FirstSale", "first sale due", "GMV counted")
    for said in (*happened, f"term of {PROGRAM}", "GMV against its line"):
        assert said in read.text


def test_what_was_learned_between_two_positions_is_a_page(busy: Path) -> None:
    """A closure that came after the close: its fact, and the line that it moved."""
    browser = Browser(busy)
    log = data(browser, "/log?after=1662")
    late = next(row["position"] for row in log if row["type"] == "StoreClosed")
    answer = data(browser, f"/compare?from={late - 1}")
    assert answer["recorded"]["StoreClosed"] == 1
    assert answer["recorded"]["StatementAdjusted"] == 1
    moved = [row for row in answer["lines"] if row["program"] == PROGRAM]
    assert [(row["was"], row["now"], row["difference"]) for row in moved] == [
        ("2000.00", "0.00", "-2000.00")
    ]
    assert moved[0]["line"] in page(browser, f"/compare?from={late - 1}").text


@pytest.mark.parametrize(
    ("sought", "kind"),
    [
        ("S-1001", "line"),
        ("S-1001", "store"),
        ("P-01", "partner"),
        ("P-01", "statement"),
        ("recruiting", "program"),
        ("100", "fact"),
        ("CRM-P-0011", "fact"),
        ("6800000481", "order"),
        ("6800000481", "line"),
    ],
)
def test_any_id_is_found(busy: Path, sought: str, kind: str) -> None:
    browser = Browser(busy)
    hits = data(browser, f"/search?q={sought}")
    assert kind in {hit["kind"] for hit in hits}
    read = page(browser, f"/search?q={sought}")
    for link in read.links:
        if link.startswith(("/lines/", "/facts/", "/streams/", "/orders/", "/statements/")):
            page(browser, link)


def test_a_table_is_narrowed_sorted_and_paged_by_its_address(
    busy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.web.shown.SHOWN_MAX", 10)
    browser = Browser(busy)
    first = page(browser, f"/programs/{PROGRAM}?sort=-amount")
    assert "Rows 1 to 10 of 52." in first.text
    later = page(browser, next(link for link in first.links if "page=2" in link))
    assert "Rows 11 to 20 of 52." in later.text
    both = quote("outcome = held and payee = partner:P-04")
    held = page(browser, f"/programs/{PROGRAM}?where={both}")
    rows = browser.get(f"/programs/{PROGRAM}.csv?where={both}").text.splitlines()
    assert f"{len(rows) - 1} of 52 rows." in held.text
    page(browser, f"/programs/{PROGRAM}?where=nonsense", 400)
    page(browser, f"/programs/{PROGRAM}?where=colour+%3D+red", 400)


def test_a_long_query_is_cut_on_the_page_and_said(busy: Path) -> None:
    browser = Browser(busy)
    read = page(browser, "/query?sql=select+*+from+gmv")
    whole = data(browser, "/query?sql=select+*+from+gmv")
    assert len(whole) > 500
    assert f"The first 500 of {len(whole):,} rows" in read.text


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/programs/recruting-eu-jp-2026q1", 404, "Did you mean recruiting-eu-jp-2026q1"),
        (f"/lines/{PROGRAM}/S-9999", 404, "S-9999"),
        ("/statements/nobody", 404, "There is no statement"),
        ("/facts/99999999999999999999", 404, "There is no position"),
        ("/facts/%C2%B2", 404, "There is no position"),
        ("/streams/store:%00%ff", 404, "Nothing is recorded"),
        ("/orders/D-01/none", 404, "There is no order"),
        ("/nothing", 404, "There is no such page"),
        ("/?as_of=yesterday-ish", 400, "neither a day nor an instant"),
        ("/?known_at=99999999999999999999", 400, "positions are 1 to"),
        ("/query?sql=drop+table+events", 400, "SELECT"),
        ("/programs/technical-fee-2020/2020-13", 400, "settles by month"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words(
    busy: Path, address: str, status: int, said: str
) -> None:
    browser = Browser(busy)
    read = page(browser, address, status)
    assert said in read.text
    path, _, asked = address.partition("?")
    answer = browser.get(f"{path}.json?{asked}")
    assert answer.status_code == status
    assert said in json.loads(answer.text)["error"] + json.loads(answer.text)["hint"]


def test_an_id_that_ends_in_a_suffix_is_asked_with_it_twice(
    empty: Path, duebook: Duebook, file: Callable[..., str]
) -> None:
    at = "2026-01-10T09:00:00+08:00"
    fact = {"type": "PartnerCertified", "at": at, "partner": "P.json", "name": "suffixed"}
    assert duebook("record", file([fact])).code == 0
    browser = Browser(empty)
    assert browser.get("/streams/partner:P.json").status_code == 404, "it is of partner:P, as data"
    assert data(browser, "/streams/partner:P.json")["state"]["partner"] == "P.json"
    found = page(browser, "/search?q=P.json")
    link = next(link for link in found.links if link.startswith("/streams/"))
    assert link.startswith("/streams/partner:P.json.html?")
    assert "suffixed" in page(browser, link).text


HOSTILE = (
    *("<script>alert(1)</script>", "=1+1", "שלום עולם", "长" * 200, "x" * 200, "a\u202eb", "&amp;"),
    *('" onmouseover="x', "'; drop table events; --"),
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_text_whatever_it_is(
    empty: Path, duebook: Duebook, file: Callable[..., str], name: str
) -> None:
    from ledger.kernel.shown import visible

    at = "2026-01-10T09:00:00+08:00"
    fact = {"type": "PartnerCertified", "at": at, "partner": "P-1", "name": name}
    assert duebook("record", file([fact])).code == 0
    browser = Browser(empty)
    for address in ("/streams/partner:P-1", "/log", f"/search?q={quote(name)}"):
        read = page(browser, address)
        assert "script" not in {tag for tag, _ in read.tags}
        assert not any(key.startswith("on") for _, own in read.tags for key in own)
    assert visible(name) in page(browser, "/streams/partner:P-1").text


def test_a_status_shows_the_last_months_of_a_program_and_counts_the_others(demo: Path) -> None:
    """A program that nobody closes for years leaves room for what needs somebody."""
    browser = Browser(demo)
    open_ = data(browser, f"/status?as_of={AS_OF}")["to_close"]
    months = [row["period"] for row in open_ if row["program"] == "deposit-2020"]
    others = {row["period"] for row in open_ if row["program"] != "deposit-2020"}
    read = page(browser, f"/status?as_of={AS_OF}")
    shown = set(read.texts)
    assert len(months) > 12
    assert set(months[-12:]) <= shown
    assert not (set(months[:-12]) - others) & shown
    said = f"deposit-2020: {len(months) - 12} earlier months open as well, from {months[0]} on."
    assert said in read.texts
