"""The workbook of a statement: real numbers, totals that calculate, and no text that does."""

import io
import re
import zipfile
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest

from ledger.kernel.shown import visible_cell
from ledger.programs.words import words
from projections.exporters import sheet as sheets
from projections.exporters.sheet import SheetFull
from projections.exporters.xlsx import write
from projections.pages.letterhead import Letterhead
from projections.pages.voice import Addressed, Voice

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
EVIL = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "{=1}", "http://example.org", "0012"]
EVIL += ["mailto:a@example.org", "internal:Statement!A1", "_x0041_", "a\x00b", " <&>\n\"' ", "1E5"]


class Cell(NamedTuple):
    """A cell as the file holds it: kind, value, formula, number format."""

    kind: str
    value: str
    formula: str | None
    format: str


Rows = list[dict[str, Cell]]
TO = Addressed("growth-2026-05/merchant:m_7")
LATE_TO = TO._replace(
    letterhead=Letterhead(
        name="Acme 平台",
        address=("12 Harbour Road",),
        contact="mail@acme.example",
        languages=("zh", "en"),
    ),
    name="Seven",
    zone="Pacific/Kiritimati",
)
TOS = pytest.mark.parametrize("to", [None, TO, LATE_TO], ids=["several", "single", "zh/en"])


def made(answer: dict[str, Any], to: Addressed | None = None) -> bytes:
    """The workbook's bytes."""
    file = io.BytesIO()
    write(answer, file, to)
    return file.getvalue()


def opened(content: bytes) -> dict[str, Rows]:
    """Sheet by sheet its rows, each as column letter to cell."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        trees = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}
    strings = [
        "".join(text.text or "" for text in one.iter(f"{MAIN}t"))
        for one in trees["xl/sharedStrings.xml"]
    ]
    formats = _formats(trees["xl/styles.xml"])
    names = [str(one.get("name")) for one in trees["xl/workbook.xml"].iter(f"{MAIN}sheet")]
    return {
        name: _rows(trees[f"xl/worksheets/sheet{number}.xml"], strings, formats)
        for number, name in enumerate(names, 1)
    }


def _formats(styles: ElementTree.Element) -> list[str]:
    codes = {
        one.get("numFmtId"): str(one.get("formatCode")) for one in styles.iter(f"{MAIN}numFmt")
    }
    codes |= {"3": "#,##0", "4": "#,##0.00"}
    used = styles.find(f"{MAIN}cellXfs")
    assert used is not None
    return [codes.get(one.get("numFmtId"), "") for one in used]


def _rows(tree: ElementTree.Element, strings: list[str], formats: list[str]) -> Rows:
    found: Rows = []
    for row in tree.iter(f"{MAIN}row"):
        found += [{} for _ in range(int(str(row.get("r"))) - len(found))]
        for one in row:
            kind, value = one.get("t", "n"), one.findtext(f"{MAIN}v") or ""
            cell = Cell(
                kind,
                strings[int(value)] if kind == "s" else value,
                one.findtext(f"{MAIN}f"),
                formats[int(one.get("s", 0))],
            )
            found[-1][re.sub(r"\d", "", str(one.get("r")))] = cell
    return found


def texts(rows: Rows) -> list[list[str]]:
    """What the rows show, cell by cell."""
    return [[cell.value for cell in row.values() if cell.value] for row in rows]


def _at(rows: Rows, title: str) -> int:
    return texts(rows).index([title])


def below(rows: list[Any], title: str, heads: int = 1) -> list[Any]:
    """The rows from the heads under a title to the next empty row."""
    start = next(at for at, row in enumerate(rows) if _only(row) == title) + 1 + heads
    end = next((at for at in range(start, len(rows)) if not rows[at]), len(rows))
    return rows[start:end]


def _only(row: Any) -> str:
    values = [cell.value for cell in row.values()] if isinstance(row, dict) else row
    shown = [value for value in values if value]
    return shown[0] if len(shown) == 1 else ""


def formulas(book: dict[str, Rows]) -> list[str]:
    """Every formula of the workbook."""
    cells = [cell for rows in book.values() for row in rows for cell in row.values()]
    return [cell.formula for cell in cells if cell.formula is not None]


def test_the_list_of_several_says_what_it_rests_on(answer: dict[str, Any]) -> None:
    """Program, period, terms, both clocks and the seal; the fingerprint whole."""
    rows = texts(opened(made(answer))["Statement"])
    assert rows[0] == ["Statement growth-2026-05"]
    assert rows[1:7] == [
        ["Program", "growth-2026-05"],
        ["Period", "2026-05-01 – 2026-08-31"],
        ["Terms", "duebook 1, sha256:ab"],
        ["As of, known at", "2026-11-21T08:00:00Z, 123"],
        ["Issued on", "2026-11-21T09:30:00Z"],
        ["Fingerprint", "sha256:cd (finance, 130)"],
    ]


def test_a_statement_of_one_payee_begins_with_whose_it_is(answer: dict[str, Any]) -> None:
    """Letterhead, recipient, number, period and the day of issue in the program's zone; then from
    the opening balance to the closing one; in two languages where it speaks two."""
    answer["issued_at"] = "2026-11-21T10:30:00Z"
    rows = texts(opened(made(answer, LATE_TO))["Statement"])
    assert rows[:9] == [
        ["结算单 / Statement growth-2026-05/merchant:m_7"],
        ["Acme 平台"],
        ["12 Harbour Road"],
        ["mail@acme.example"],
        [],
        ["收件方 / To: Seven, merchant:m_7"],
        ["编号 / Number: growth-2026-05/merchant:m_7"],
        ["期间 / Period: 2026-05-01 – 2026-08-31"],
        ["出具日期 / Issued on: 2026-11-22"],
    ]
    assert below(rows, "汇总 / Summary", heads=0) == [
        ["本期出具 / Issued", "-1204.5", "CNY"],
        ["调整 / Adjusted", "-2000", "CNY"],
        ["应结金额 / Due", "-3204.5", "CNY"],
        ["已付 / Paid", "-1000", "CNY"],
        ["未结 / Open", "-2204.5", "CNY"],
        ["负数表示由收件方支付。 / A negative amount is owed by the recipient."],
    ]


def test_a_line_is_a_row_with_its_amount_as_a_number(answer: dict[str, Any]) -> None:
    """In the format of its currency, ad credit and yen too; and in words why it is not payable."""
    rows = opened(made(answer, TO))["Statement"]
    start = _at(rows, "Lines") + 2
    lines = rows[start : start + 4]
    assert [row["G"] for row in lines] == [
        Cell("n", "-1204.5", None, "#,##0.00"),
        Cell("n", "3000.5", None, "#,##0.00"),
        Cell("n", "1200", None, "#,##0"),
        Cell("n", "0", None, "#,##0.00"),
    ]
    assert [row["H"].value for row in lines] == ["CNY", "USD.AD", "JPY", "CNY"]
    answer["lines"][3] |= {"unmet": ["invited", "stock_in_countries"], "held_for": []}
    rows = opened(made(answer, TO))["Statement"]
    lines = rows[start : start + 4]
    reasons = "; ".join(words()[code] for code in ("invited", "stock_in_countries"))
    assert texts(lines)[3] == ["growth-2026-05/S-9/x", "store:S-9", "declined", reasons, "0", "CNY"]
    several = opened(made(answer))["Statement"]
    start = _at(several, "Lines") + 2
    assert texts(several)[start][:5] == [
        *("growth-2026-05/S-1/fixed_fee", "merchant:m_7", "fixed_fee", "store:S-1", "payable"),
    ]


@TOS
def test_a_total_is_a_formula_that_holds_our_figure(
    answer: dict[str, Any], to: Addressed | None
) -> None:
    """Over the payable lines of its commodity, so that it calculates where something can."""
    rows = opened(made(answer, to))["Statement"]
    voice = to.voice if to else Voice()
    first = _at(rows, voice.label("lines")) + 2
    totals = rows[first + 4 : first + 7]
    wanted = [("CNY", "-1204.5", 2), ("JPY", "1200.0", 0), ("USD.AD", "3000.5", 2)]
    for row, (currency, value, decimals) in zip(totals, wanted, strict=True):
        number = rows.index(row) + 1
        assert row["A"].value == voice.label("total")
        last = first + 4
        at = "E" if to is None else "C"
        assert (row["H"].value, row["G"].value, row["G"].kind) == (currency, value, "n")
        assert row["G"].formula == (
            f"ROUND(SUMIFS(G{first}:G{last},H{first}:H{last},H{number},"
            f'{at}{first}:{at}{last},"{voice.label("payable")}"),{decimals})'
        )
        assert rows[first]["C" if to else "E"].value == voice.label("payable")
    assert [row["G"].format for row in totals] == ["#,##0.00", "#,##0", "#,##0.00"]
    assert len(formulas(opened(made(answer, to)))) == 3


def test_a_total_that_is_not_ours_is_not_written(answer: dict[str, Any]) -> None:
    """The lines must come to what the answer says."""
    answer["totals"]["CNY"] = "-1204.51"
    with pytest.raises(AssertionError, match=r"CNY: the lines come to -1204\.50"):
        made(answer)


def test_adjustments_payments_and_balances_stand_below(answer: dict[str, Any]) -> None:
    """Each with its amounts as numbers; a line that is new has no former amount. The house's own
    list has the file of a cause, a payee's statement has not; days are the program's."""
    rows = opened(made(answer))["Statement"]
    (adjusted,) = below(rows, "Adjustments")
    assert adjusted["G"] == Cell("n", "-2000", None, "#,##0.00")
    assert (adjusted["I"].value, adjusted["J"].value) == ("", "-2000")
    assert adjusted["F"].value == "ROAS: 1.9\nGMVRecorded 2026-06-01 (late.csv:3)"
    (paid,) = below(rows, "Payments")
    assert texts([paid]) == [
        ["growth-2026-05/merchant:m_7", "=ref", "2026-12-01", "-1000", "CNY"],
    ]
    (balance,) = below(rows, "Balances")
    assert {cell.format for cell in balance.values() if cell.kind == "n"} == {"#,##0.00"}
    (owed,) = below(rows, "Obligations")
    assert owed["I"] == Cell("n", "12", None, "")
    own = opened(made(answer, LATE_TO))["Statement"]
    (adjusted,) = below(own, "调整明细 / Adjustments")
    assert adjusted["D"].value == "ROAS: 1.9\nGMVRecorded 2026-06-01"
    assert adjusted["B"].value == "2026-12-02"
    answer["payments"][0]["on"] = "2026-11-30"
    (paid,) = below(opened(made(answer, TO))["Statement"], "Payments")
    assert paid["B"].value == "2026-11-30"


@TOS
def test_every_line_is_explained_step_by_step(answer: dict[str, Any], to: Addressed | None) -> None:
    """One row per step, its parts below it and further in; amounts are numbers. An adjusted line
    is explained as it stands since; the numbers of facts are in the house's own list alone."""
    rows = opened(made(answer, to))["Explanations"]
    fee, of = "growth-2026-05/S-1/fixed_fee", "2026-12-02"
    met, unmet, pending = "met", "unmet", "open: window_open"
    if to is LATE_TO:
        met, unmet = "符合 / met", "不符合 / unmet"
        pending = f"待定 / open: {to.voice.word('window_open')}"
    facts = [[], [], [], [], []] if to else [["12; 15"], ["12"], [], [], ["140"]]
    pending = pending.replace("window_open", words().get("window_open", "window_open"))
    assert texts(rows)[1:] == [
        [fee, "Fixed fee", "-1204.5", "CNY", *facts[0]],
        [fee, "  Enrolled", "by May", "2026-05-03", met, "3.1", *facts[1]],
        [fee, "    Invited", unmet],
        [fee, "  Delivered", pending],
        ["growth-2026-05/S-1/new", of, "New fee", "-2000", "CNY", *facts[4]],
    ]
    assert rows[1]["H"] == Cell("n", "-1204.5", None, "#,##0.00")


@TOS
def test_it_prints_on_a4_with_heads_and_page_numbers(
    answer: dict[str, Any], to: Addressed | None
) -> None:
    """As wide as a page; the heads of the lines on every page, the statement's id at its foot,
    where `&` begins a code; a row stays when the rest is scrolled."""
    to = to and to._replace(statement="growth-2026-05/merchant:m&7")
    parts = _parts(made(answer, to))
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    assert '<pageSetUpPr fitToPage="1"/>' in sheet
    assert re.search(r'<pageSetup paperSize="9"[^>]* fitToHeight="0"', sheet)
    name = "growth-2026-05/merchant:m&amp;&amp;7" if to else "growth-2026-05"
    assert f"<oddFooter>&amp;L{name}&amp;R&amp;P / &amp;N</oddFooter>" in sheet
    assert '<pane ySplit="' in sheet
    heads = _at(opened(made(answer, to))["Statement"], (to.voice if to else Voice()).label("lines"))
    assert f"Statement!${heads + 2}:${heads + 2}<" in parts["xl/workbook.xml"].decode()


def test_a_footer_that_is_too_long_is_cut(answer: dict[str, Any]) -> None:
    """Excel refuses a file with a longer one."""
    parts = _parts(made(answer, TO._replace(statement="&" * 300)))
    footer = re.search(r"<oddFooter>(.*)</oddFooter>", parts["xl/worksheets/sheet1.xml"].decode())
    assert footer is not None
    assert len(footer[1].replace("&amp;", "&")) <= 255
    assert footer[1].endswith("(cut)&amp;R&amp;P / &amp;N")


def test_a_row_is_as_high_as_its_longest_text(answer: dict[str, Any]) -> None:
    """A program that does not fit rows when it opens a file would show the first line alone."""
    answer["lines"][0]["subject"] = "store:" + "x" * 200
    sheet = _parts(made(answer, TO))["xl/worksheets/sheet1.xml"].decode()
    row = _at(opened(made(answer, TO))["Statement"], "Lines") + 3
    height = re.search(rf'<row r="{row}"[^>]* ht="([0-9.]+)"', sheet)
    assert height is not None
    assert float(height[1]) >= 13 * 15


def test_what_cannot_be_seen_is_shown(answer: dict[str, Any]) -> None:
    """A name that turns the rest around is printed with its sign spelt out."""
    answer["lines"][0]["subject"] = "store:\u202e1-S"
    book = opened(made(answer, TO._replace(name="Seven\u202e")))
    shown = [text for row in texts(book["Statement"]) for text in row]
    assert "store:\\u202e1-S" in shown
    assert "To: Seven\\u202e, merchant:m_7" in shown


@pytest.mark.parametrize("text", EVIL)
def test_no_text_becomes_a_formula_a_link_or_a_number(answer: dict[str, Any], text: str) -> None:
    """Wherever a text can stand; it reads back as it was, with what cannot be seen spelt out."""
    changed = _everywhere(answer, text)
    for to in (None, TO._replace(statement=text, name=text, letterhead=_head_of(text))):
        book = opened(made(changed, to))
        assert len(formulas(book)) == 3
        cells = [cell for rows in book.values() for row in rows for cell in row.values()]
        written = visible_cell(text).replace("_x0041_", "_x005F_x0041_")
        same = [cell for cell in cells if cell.value.strip() == written.strip()]
        assert {cell.kind for cell in same} == {"s"}
        assert len(same) >= 15
        assert b"hyperlink" not in b"".join(_parts(made(changed, to)).values())


def _head_of(text: str) -> Letterhead:
    return Letterhead(name=text, address=(text,), contact=text)


def _everywhere(answer: dict[str, Any], text: str) -> dict[str, Any]:
    """The answer with the text for every text but amounts, currencies and what is asked of them."""
    kept = {"amount", "currency", "outcome", "issued_at", "due", "was", "now", "difference"}
    kept |= {"totals", "issued", "brought_forward", "adjusted", "carried_forward", "paid", "open"}
    kept |= {"advance", "at", "paid_at"}

    def changed(value: Any, key: str) -> Any:
        if key in kept or isinstance(value, int | None):
            return value
        if isinstance(value, dict):
            return {name: changed(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [changed(one, "") for one in value]
        return text

    found = changed(answer, "")
    assert isinstance(found, dict)
    return found


def _parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@TOS
def test_an_amount_beyond_15_digits_is_a_text(answer: dict[str, Any], to: Addressed | None) -> None:
    """A number would be another one; so its total is our figure, without a formula."""
    answer["lines"][0]["amount"] = answer["totals"]["CNY"] = "-1234567890123456.78"
    book = opened(made(answer, to))
    cells = [row.get("G") for row in book["Statement"]]
    assert cells.count(Cell("s", "-1234567890123456.78", None, "")) == 2
    assert len(formulas(book)) == 2


def test_a_total_that_a_spreadsheet_may_add_wrongly_is_a_number(answer: dict[str, Any]) -> None:
    """Large amounts that cancel out: each is exact, what is between them is not."""
    first = answer["lines"][0]
    for minus, line in (("", "b"), ("-", "c")):
        amount = f"{minus}9999999999999.99"
        answer["lines"].append({**first, "line": line, "amount": amount})
    book = opened(made(answer))
    (total,) = [
        row["G"]
        for row in book["Statement"]
        if row.get("A") == Cell("s", "Total", None, "") and row["H"].value == "CNY"
    ]
    assert total == Cell("n", "-1204.5", None, "#,##0.00")


def test_a_statement_without_lines_is_a_workbook_too(answer: dict[str, Any]) -> None:
    """Its total refers to the heads only, never to itself."""
    answer |= {"lines": [], "totals": {"CNY": "0.00"}, "adjustments": [], "payments": []}
    answer |= {"statements": [], "obligations": []}
    rows = opened(made(answer))["Statement"]
    heads = _at(rows, "Lines") + 2
    assert rows[-1]["G"].formula == (
        f"ROUND(SUMIFS(G{heads}:G{heads},H{heads}:H{heads},H{heads + 1},"
        f'E{heads}:E{heads},"payable"),2)'
    )
    assert len(rows) == heads + 1


def test_explanations_go_on_where_a_sheet_is_full(
    answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is dropped; lines themselves need one sheet."""
    whole = texts(opened(made(answer))["Explanations"])
    monkeypatch.setattr(sheets, "ROWS_MAX", 3)
    answer |= {"lines": answer["lines"][:1], "adjustments": []}
    with pytest.raises(SheetFull):
        made(answer)
    monkeypatch.setattr(sheets, "ROWS_MAX", 50)
    lines = [{**answer["lines"][0], "line": f"l{number}"} for number in range(15)]
    answer |= {"lines": lines, "totals": {"CNY": "-18067.50"}}
    book = opened(made(answer))
    assert list(book) == ["Statement", "Explanations", "Explanations 2"]
    shown = [*texts(book["Explanations"])[1:], *texts(book["Explanations 2"])[1:]]
    assert [row[1:] for row in shown] == [row[1:] for row in whole[1:5]] * 15
    assert len(book["Explanations"]) == 50
