"""The workbook of a statement: real numbers, totals that calculate, and no text that does."""

import io
import re
import zipfile
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest

from projections.exporters import sheet as sheets
from projections.exporters.sheet import SheetFull
from projections.exporters.xlsx import EXPLANATION_COLUMNS, LINE_COLUMNS, write

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


def made(answer: dict[str, Any]) -> bytes:
    """The workbook's bytes."""
    file = io.BytesIO()
    write(answer, file)
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
    return [[cell.value for cell in row.values()] for row in rows]


def below(rows: Rows, heading: str) -> Rows:
    """The rows from a heading to the next empty row."""
    start = texts(rows).index([heading]) + 2
    end = next((i for i in range(start, len(rows)) if not rows[i]), len(rows))
    return rows[start:end]


def formulas(book: dict[str, Rows]) -> list[str]:
    """Every formula of the workbook."""
    cells = [cell for rows in book.values() for row in rows for cell in row.values()]
    return [cell.formula for cell in cells if cell.formula is not None]


def test_the_head_says_what_the_statement_rests_on(answer: dict[str, Any]) -> None:
    """Program, period, terms, both clocks and the seal."""
    head = dict(one for one in texts(opened(made(answer))["Statement"])[:11])
    assert head == {
        "Program": "growth-2026-05",
        "Period": "2026-05-01 to 2026-08-31",
        "Terms": "duebook version 1",
        "Terms digest": "sha256:ab",
        "Rules version": "1",
        "As of": "2026-11-21T08:00:00Z",
        "Known at": "123",
        "Issued at": "2026-11-21T09:30:00Z",
        "Sealed at": "130",
        "Sealed by": "finance",
        "Seal digest": "sha256:cd",
    }


def test_a_line_is_a_row_with_its_amount_as_a_number(answer: dict[str, Any]) -> None:
    """In the format of its currency, ad credit and yen too; and why it is not payable."""
    rows = opened(made(answer))["Statement"]
    start = texts(rows).index(list(LINE_COLUMNS)) + 1
    lines = rows[start : start + 4]
    assert [row["G"] for row in lines] == [
        Cell("n", "-1204.5", None, "#,##0.00"),
        Cell("n", "3000.5", None, "#,##0.00"),
        Cell("n", "1200", None, "#,##0"),
        Cell("n", "0", None, "#,##0.00"),
    ]
    assert [row["H"].value for row in lines] == ["CNY", "USD.AD", "JPY", "CNY"]
    assert texts(lines)[3] == [
        *("growth-2026-05/S-9/x", "merchant:m_7", "commission", "store:S-9", "declined"),
        *("not_enrolled; too_late; stock_unset", "0", "CNY", "platform"),
    ]


def test_a_total_is_a_formula_that_holds_our_figure(answer: dict[str, Any]) -> None:
    """Over the payable lines of its commodity, so that it calculates where something can."""
    rows = opened(made(answer))["Statement"]
    first = texts(rows).index(list(LINE_COLUMNS)) + 1
    totals = [row for row in rows if row.get("A") and row["A"].value == "Total"]
    wanted = [("CNY", "-1204.5", 2), ("JPY", "1200.0", 0), ("USD.AD", "3000.5", 2)]
    for row, (currency, value, decimals) in zip(totals, wanted, strict=True):
        number = rows.index(row) + 1
        last = first + 4
        assert (row["H"].value, row["G"].value, row["G"].kind) == (currency, value, "n")
        assert row["G"].formula == (
            f"ROUND(SUMIFS(G{first}:G{last},H{first}:H{last},H{number},"
            f'E{first}:E{last},"payable"),{decimals})'
        )
    assert [row["G"].format for row in totals] == ["#,##0.00", "#,##0", "#,##0.00"]
    assert len(formulas(opened(made(answer)))) == 3


def test_a_total_that_is_not_ours_is_not_written(answer: dict[str, Any]) -> None:
    """The lines must come to what the answer says."""
    answer["totals"]["CNY"] = "-1204.51"
    with pytest.raises(AssertionError, match=r"CNY: the lines come to -1204\.50"):
        made(answer)


def test_adjustments_payments_and_balances_stand_below(answer: dict[str, Any]) -> None:
    """Each with its amounts as numbers; a line that is new has no former amount."""
    rows = opened(made(answer))["Statement"]
    (adjusted,) = below(rows, "Adjustments")
    assert adjusted["H"] == Cell("n", "-2000", None, "#,##0.00")
    assert ("J" in adjusted, adjusted["K"].value) == (False, "-2000")
    assert [adjusted[letter].value for letter in "FG"] == [
        "ROAS: 1.9",
        "GMVRecorded 2026-06-01 (late.csv:3)",
    ]
    (paid,) = below(rows, "Payments")
    assert [cell.value for cell in paid.values()] == [
        *("=ref", "growth-2026-05/merchant:m_7", "2026-12-01T00:00:00Z", "150", "finance"),
        *("-1000", "CNY"),
    ]
    (balance,) = below(rows, "Balances")
    assert {cell.format for cell in balance.values() if cell.kind == "n"} == {"#,##0.00"}
    (owed,) = below(rows, "Obligations")
    assert owed["E"] == Cell("n", "12", None, "")


def test_every_line_is_explained_step_by_step(answer: dict[str, Any]) -> None:
    """One row per step, its parts below it and further in; amounts are numbers."""
    rows = opened(made(answer))["Explanations"]
    assert texts(rows)[0] == list(EXPLANATION_COLUMNS)
    assert texts(rows)[1:] == [
        ["growth-2026-05/S-1/fixed_fee", "Fixed fee", "12; 15", "-1204.5", "CNY"],
        ["growth-2026-05/S-1/fixed_fee", "  Enrolled", "by May", "2026-05-03", "yes", "3.1", "12"],
        ["growth-2026-05/S-1/fixed_fee", "    Invited", "no"],
        ["growth-2026-05/S-1/fixed_fee", "  Delivered", "pending: window_open"],
    ]
    assert rows[1]["H"] == Cell("n", "-1204.5", None, "#,##0.00")


@pytest.mark.parametrize("text", EVIL)
def test_no_text_becomes_a_formula_a_link_or_a_number(answer: dict[str, Any], text: str) -> None:
    """Wherever a text can stand; it reads back as it was."""
    found = opened(made(_everywhere(answer, text)))
    assert len(formulas(found)) == 3
    cells = [cell for rows in found.values() for row in rows for cell in row.values()]
    written = text.replace("_x0041_", "_x005F_x0041_").replace("\x00", "_x0000_")
    same = [cell for cell in cells if cell.value.strip() == written.strip()]
    assert {cell.kind for cell in same} == {"s"}
    assert len(same) >= 20
    assert b"hyperlink" not in b"".join(_parts(made(_everywhere(answer, text))).values())


def _everywhere(answer: dict[str, Any], text: str) -> dict[str, Any]:
    """The answer with the text for every text but amounts, currencies and what is asked of them."""
    kept = {"amount", "currency", "outcome", "issued_at", "due", "was", "now", "difference"}
    kept |= {"totals", "issued", "brought_forward", "adjusted", "carried_forward", "paid", "open"}
    kept |= {"advance"}

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


def test_an_amount_beyond_15_digits_is_a_text(answer: dict[str, Any]) -> None:
    """A number would be another one; so its total is our figure, without a formula."""
    answer["lines"][0]["amount"] = answer["totals"]["CNY"] = "-1234567890123456.78"
    book = opened(made(answer))
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
    """Its total refers to the heading only, never to itself."""
    answer |= {"lines": [], "totals": {"CNY": "0.00"}, "adjustments": [], "payments": []}
    answer |= {"statements": [], "obligations": []}
    rows = opened(made(answer))["Statement"]
    assert rows[-1]["G"].formula == 'ROUND(SUMIFS(G13:G13,H13:H13,H14,E13:E13,"payable"),2)'
    assert len(rows) == 14


def test_explanations_go_on_where_a_sheet_is_full(
    answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is dropped; lines themselves need one sheet."""
    whole = texts(opened(made(answer))["Explanations"])
    monkeypatch.setattr(sheets, "ROWS_MAX", 3)
    answer |= {"lines": answer["lines"][:1]}
    with pytest.raises(SheetFull):
        made(answer)
    monkeypatch.setattr(sheets, "ROWS_MAX", 50)
    lines = [{**answer["lines"][0], "line": f"l{number}"} for number in range(15)]
    answer |= {"lines": lines, "totals": {"CNY": "-18067.50"}}
    book = opened(made(answer))
    assert list(book) == ["Statement", "Explanations", "Explanations 2"]
    found = [*texts(book["Explanations"])[1:], *texts(book["Explanations 2"])[1:]]
    assert [row[1:] for row in found] == [row[1:] for row in whole[1:]] * 15
    assert len(book["Explanations"]) == 50
