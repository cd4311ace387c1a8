"""`report close`: a period as one page that says what the commands say."""

import base64
import hashlib
import html
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ledger.accounting.chart import Standing
from projections.pages import close_page
from projections.pages.close_report import CloseReport
from projections.pages.rendering import _source

Duebook = Callable[..., Any]
PROGRAM = "recruiting-eu-jp-2026q1"
AS_OF = ("--as-of", "2026-06-30")
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Checked(HTMLParser):
    """A page's tags and texts; every tag is closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _page(duebook: Duebook, *words: str, name: str = "q.html") -> str:
    ran = duebook("report", "close", *words, "-o", name, "--overwrite")
    assert ran.code == 0, ran.err
    return Path(name).read_text(encoding="utf-8")


@pytest.fixture
def quarter(busy: Path, duebook: Duebook) -> str:
    """The page of a quarter that was closed, adjusted, paid in part and compared."""
    return _page(duebook, PROGRAM)


def test_the_page_holds_neither_script_nor_anything_from_elsewhere(quarter: str) -> None:
    """Its own policy forbids both, and its style is the one whose digest the policy names."""
    page = Checked(quarter)
    assert not {"script", "iframe", "object", "form", "link"} & {tag for tag, _ in page.tags}
    handlers = [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert handlers == []
    assert not any("style" in attrs for _, attrs in page.tags)
    addresses = [attrs[name] for _, attrs in page.tags for name in ("src", "href") if name in attrs]
    assert not any("//" in (address or "") for address in addresses)
    style = re.search(r"<style>(.*?)</style>", quarter, re.S)
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() if style else ""
    (policy,) = (attrs["content"] for _, attrs in page.tags if "http-equiv" in attrs)
    assert policy is not None
    assert f"'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_every_amount_of_the_page_is_the_answers_own(
    busy: Path, duebook: Duebook, quarter: str
) -> None:
    """Lines, statements and adjustments: what `settle` and `statement` say at the same clocks."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", quarter))
    lines = duebook("settle", PROGRAM, "--format", "json").json["lines"]
    for line in lines:
        assert re.search(
            rf"{re.escape(line['line'])}\s+{float(line['amount']):,.2f} {line['currency']}", text
        ), line["line"]
    stated = duebook("statement", PROGRAM, "--format", "json").json
    for row in stated["statements"]:
        figures = [f"{float(row[name]):,.2f}" for name in ("due", "paid", "open")]
        assert re.search(rf"{re.escape(row['statement'])}\b.*\s+" + r"\s+".join(figures), text)
    assert stated["seal"]["digest"] in text
    assert len(stated["adjustments"]) == 1


def test_an_explanation_leads_to_the_file_and_row_of_each_fact(
    busy: Path, duebook: Duebook, quarter: str
) -> None:
    """As `explain` does."""
    answer = duebook("explain", f"{PROGRAM}/S-1008", "--format", "json").json
    own = quarter[quarter.index(f"<span>{PROGRAM}/S-1008</span>") :]
    own = own[: own.index("</details>")]
    for fact in answer["facts"]:
        if fact["position"] in _positions(answer["explanation"]):
            assert f"fact {fact['position']}" in own
            assert f"{fact['file']}:{fact['line']}" in own


def _positions(tree: dict[str, Any]) -> set[int]:
    return set(tree["events"]).union(*(map(_positions, tree["parts"])))


def test_the_same_question_has_the_same_bytes(busy: Path, duebook: Duebook) -> None:
    """At fixed clocks, whenever it is asked."""
    asked = (PROGRAM, "--known-at", "1690", *AS_OF)
    assert _page(duebook, *asked) == _page(duebook, *asked, name="again.html")


@pytest.mark.parametrize(
    ("program", "charts"),
    [
        ((PROGRAM, *AS_OF), ["conditions", "first-sale", "outcomes", "reasons"]),
        (("growth-2026-05", "--as-of", "2026-10-01"), ["return"]),
        (("technical-fee-2020", "2020-05"), ["fees", "fees-by-day"]),
    ],
)
def test_a_program_has_its_own_pictures(
    program: tuple[str, ...], charts: list[str], busy: Path, duebook: Duebook
) -> None:
    """Each with its figures as a table for those who cannot see it."""
    page = _page(duebook, *program)
    for chart in charts:
        assert f'aria-labelledby="{chart}-title {chart}-about"' in page
    assert page.count("The figures as a table") == page.count("<svg")


def test_the_fees_of_the_days_come_to_the_fees_of_the_month(busy: Path, duebook: Duebook) -> None:
    """Each day those of its orders in the program's zone, to the cent; all days of the month."""
    page = _page(duebook, "technical-fee-2020", "2020-05")
    table = page[page.index("The figures as a table: Fees by day") :]
    cells = re.findall(r'<th scope="row">([0-9-]+)</th>\n<td>([0-9.,]+) CNY', table)
    fees = {day: Decimal(text.replace(",", "")) for day, text in cells}
    assert list(fees) == [f"2020-05-{day:02}" for day in range(1, 32)]
    answer = duebook("settle", "technical-fee-2020", "2020-05", "--format", "json").json
    assert sum(fees.values()) == -Decimal(answer["totals"]["CNY"])
    by_hand: dict[str, Decimal] = {}
    for line in answer["lines"]:
        orders = duebook("explain", line["line"], "--orders", "--format", "ndjson").lines
        for order in orders:
            at = datetime.fromisoformat(order["created_at"]).astimezone(ZoneInfo("Asia/Shanghai"))
            day = at.date().isoformat()
            by_hand[day] = by_hand.get(day, Decimal(0)) - Decimal(order["fee"])
    assert {day: fee for day, fee in fees.items() if fee} == by_hand


def test_a_payee_is_named_where_the_book_knows_its_name(
    demo: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch, file: Callable[..., str]
) -> None:
    """Beside its id, in headings and pictures; the last name of a store; nothing for others."""
    shop = {"type": "StoreNamed", "store": "S-1301", "name": "旧名"}
    later = {**shop, "at": "2020-04-02T09:00:00+08:00", "name": "Café & Söhne"}
    assert duebook("record", file([later, {**shop, "at": "2020-04-01T09:00:00+08:00"}])).code == 0
    named = _page(duebook, "deposit-2020", "2020-06", name="d.html")
    assert '<h3>store:S-1301 <span class="soft">Café &amp; Söhne</span></h3>' in named
    page = _page(duebook, PROGRAM, *AS_OF)
    name = "Rheinbogen Handelsberatung GmbH"
    assert f'<h3>partner:P-02 <span class="soft">{name}</span></h3>' in page
    assert f">partner:P-02 {name}</text>" in page or f"partner:P-02 {name[:20]}" in page
    monkeypatch.setattr(close_page, "WHOLE_MAX", 20)
    assert duebook("report", "close", PROGRAM, *AS_OF, "-o", "n.html").code == 0
    assert name in Path("n/partner=P-02.html").read_text(encoding="utf-8")
    assert name not in Path("n/partner=P-01.html").read_text(encoding="utf-8")


def test_one_changed_line_changes_few_lines_of_the_text(demo: Path, duebook: Duebook) -> None:
    """Less than a hundredth: a reader of differences sees what changed."""
    known = duebook("log", "--format", "ndjson").lines[-1]["position"]
    before = _page(duebook, PROGRAM, *AS_OF, "--known-at", str(known)).splitlines()
    Path("f.ndjson").write_text(
        '{"type": "StoreSuspended", "at": "2026-03-30T10:00:00+08:00", "store": "S-1004"}\n',
        encoding="utf-8",
    )
    assert duebook("record", "f.ndjson").code == 0
    after = _page(duebook, PROGRAM, *AS_OF).splitlines()
    changed = len(set(after) ^ set(before))
    assert 0 < changed < len(before) / 100


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=1+1", "\u202eevil", "张" * 200])
def test_recorded_text_is_shown_as_text(
    name: str, demo: Path, duebook: Duebook, file: Callable[..., str]
) -> None:
    """Whatever it holds: nothing of it becomes a tag, and what cannot be seen is written out."""
    assert duebook("publish", _terms_with(name, duebook), "--by", "lin", "--replace").code == 0
    page = _page(duebook, PROGRAM, *AS_OF)
    assert "<script" not in page
    assert "\u202e" not in page
    Checked(page)


def _terms_with(text: str, duebook: Duebook) -> str:
    """The terms with a text as a source's place, which explanations cite."""
    terms = duebook("programs", PROGRAM, "--format", "toml").out
    changed = re.sub(
        r'^(exclusive_link = ")[^"]*', lambda m: m[1] + "news-2026-01-29, X", terms, flags=re.M
    )
    changed = changed.replace('publisher = "duebook"', 'publisher = "acme"')
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    Path("t.toml").write_text(changed.replace("29, X", f"29, {quoted}"), encoding="utf-8")
    return "t.toml"


def test_more_lines_than_one_page_shows_have_a_page_for_each_payee(
    demo: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report names them, has the totals and what is declined and held, and nothing of any
    payee stands on another's page."""
    monkeypatch.setattr(close_page, "WHOLE_MAX", 20)
    page = _page(duebook, PROGRAM, *AS_OF)
    assert "<svg" in page
    files = re.findall(r'href="(q/[^"]+)"', page)
    assert len(files) == 5
    lines = duebook("settle", PROGRAM, *AS_OF, "--format", "json").json["lines"]
    for file in files:
        own = Path(file).read_text(encoding="utf-8")
        payee = file.removeprefix("q/").removesuffix(".html").replace("=", ":")
        shown = set(re.findall(rf"<span>({PROGRAM}/[^<]+)</span>", own))
        assert shown == {line["line"] for line in lines if line["payee"] == payee}
        assert set(re.findall(r"partner:P-[0-9]+", own)) == {payee}
        payable = [line for line in lines if line["payee"] == payee and float(line["amount"])]
        assert "<svg" not in own
        if payable:
            assert f">{sum(float(line['amount']) for line in payable):,.2f}<" in own
    ran = duebook("report", "close", PROGRAM, *AS_OF, "-o", "q.html")
    assert ran.code == 1
    assert "exists" in ran.err


@pytest.mark.parametrize(
    "moved",
    [
        {"issued": 60_000, "paid": 28_000},
        {"issued": 60_000, "adjusted": -2_000, "paid": 70_000},
        {"issued": -5_000, "brought_forward": 1_200, "carried_forward": -700, "paid": -4_000},
        {"brought_forward": -2_000, "issued": 2_000},
    ],
)
def test_the_steps_of_a_waterfall_lead_to_what_is_open(moved: dict[str, int]) -> None:
    """Whatever was carried over, paid ahead or clawed back."""
    rows = [Standing(**moved).texts("CNY") | {"currency": "CNY"} for _ in range(2)]
    report = CloseReport(None, {}, {"statements": rows}, (), (), {})  # type: ignore[arg-type]
    ((_, changes),) = report.waterfalls()
    *steps, left = changes
    assert sum((change.size for change in steps), Decimal(0)) == left.size
    assert left.size == sum(Decimal(row["open"]) for row in rows)


def _colours(style: str) -> dict[str, str]:
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", style))


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_can_be_told_from_the_page_in_both_schemes(scheme: int) -> None:
    """WCAG 2 AA: 4.5 to 1 for text, 3 to 1 for marks."""
    blocks = re.findall(r":root \{(.*?)\}", _source("style.css"), re.S)[:2]
    colours = _colours(blocks[scheme])
    for text in ("ink", "soft", "payable", "declined", "held", "plain"):
        assert _contrast(colours[text], colours["page"]) >= 4.5, text
    for mark in ("declined", "held"):
        assert _contrast(colours["over"], colours[mark]) >= 3, mark


def test_a_report_without_a_file_is_a_table_by_payee(demo: Path, duebook: Duebook) -> None:
    """And says how to have all of it; JSON has its figures."""
    ran = duebook("report", "close", PROGRAM, *AS_OF)
    assert ran.code == 0
    assert "28,000.00" in ran.out
    assert "-o FILE.html" in ran.err
    answer = duebook("report", "close", PROGRAM, *AS_OF, "--format", "json").json
    assert {row["outcome"] for row in answer["reasons"]} == {"declined", "held"}
    assert duebook("report", "stores", PROGRAM).code == 2
    assert duebook("report", "stores", "-o", "s.html").code == 2
    assert duebook("report", "close", "pid-binding-2020").code == 1
