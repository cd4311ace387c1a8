"""`statement -o FILE.xlsx` and `-o FILE.pdf`: the same statement as a workbook and on paper."""

import re
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.instants import day_of, parse_instant
from ledger.kernel.shown import visible
from ledger.programs.words import words
from projections.pages.voice import labels
from tests.cli.test_statement_page import LETTERHEAD, PIXEL, PROGRAM

Duebook = Callable[..., Any]
PAYEES = ["P-01", "P-02", "P-03", "P-04", "P-05"]
AMOUNTS = ("issued", "adjusted", "due", "paid", "open")


def _workbook(path: str) -> dict[str, list[list[Any]]]:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def _sheets(duebook: Duebook, *asked: str) -> dict[str, list[list[Any]]]:
    ran = duebook("statement", *asked, "-o", "s.xlsx", "--overwrite")
    assert ran.code == 0, ran.err
    return _workbook("s.xlsx")


def _pdf(duebook: Duebook, *asked: str) -> str:
    """The text of the PDF, read by another library; breaks inside of long words taken out."""
    ran = duebook("statement", *asked, "-o", "s.pdf", "--overwrite")
    assert ran.code == 0, ran.err
    return _text("s.pdf")


def _text(path: str) -> str:
    from pypdf import PdfReader

    pages = (page.extract_text() for page in PdfReader(path).pages)
    return re.sub(r"\s+", " ", "\n".join(pages).replace("\u200b", ""))


def _joined(text: str) -> str:
    return re.sub(r"\s", "", text)


def _under(rows: list[list[Any]], title: str) -> Iterator[dict[str, Any]]:
    """The rows of a table, each by its heads."""
    at = next(at for at, row in enumerate(rows) if _cells(row) == [title])
    heads = rows[at + 1]
    for row in rows[at + 2 :]:
        if not _cells(row):
            return
        yield dict(zip(heads, row, strict=True))


def _cells(row: list[Any]) -> list[Any]:
    return [cell for cell in row if cell != ""]


@pytest.mark.parametrize("payee", PAYEES)
def test_a_workbook_has_the_same_amounts_as_json(payee: str, busy: Path, duebook: Duebook) -> None:
    """Each line, each adjustment, each payment, and every sum of the balance."""
    answer = duebook("statement", payee, "--format", "json").json
    rows = _sheets(duebook, payee)["Statement"]
    lines = [row for row in _under(rows, "Lines") if row["Line"] != "Total"]
    assert [(row["Line"], _exact(row["Amount"]), row["Currency"]) for row in lines] == [
        (line["line"], Decimal(line["amount"]), line["currency"]) for line in answer["lines"]
    ]
    totals = [row for row in _under(rows, "Lines") if row["Line"] == "Total"]
    assert {row["Currency"]: _exact(row["Amount"]) for row in totals} == {
        currency: Decimal(amount) for currency, amount in answer["totals"].items()
    }
    adjusted = list(_under(rows, "Adjustments")) if answer["adjustments"] else []
    assert [
        (row["Line"], *(_exact(row[name]) for name in ("Was", "Now", "Difference")))
        for row in adjusted
    ] == [
        (row["line"], *(Decimal(row[name]) for name in ("was", "now", "difference")))
        for row in answer["adjustments"]
    ]
    paid = list(_under(rows, "Payments")) if answer["payments"] else []
    assert [(row["Reference"], _exact(row["Amount"])) for row in paid] == [
        (row["ref"], Decimal(row["amount"])) for row in answer["payments"]
    ]
    (row,) = answer["statements"]
    sums = {cells[0]: _exact(cells[1]) for cells in map(_cells, rows) if len(cells) == 3}
    for name in AMOUNTS:
        if Decimal(row[name]) or name in ("due", "paid", "open"):
            assert sums[labels("en")[name]] == Decimal(row[name])


def _exact(cell: Any) -> Decimal | None:
    return Decimal(repr(cell)) if isinstance(cell, int | float) else None


def test_both_sheets_have_the_adjusted_line_and_why(busy: Path, duebook: Duebook) -> None:
    """The cause in words with its day in the program's zone, and the steps to what stands since."""
    answer = duebook("statement", "P-01", "--format", "json").json
    (adjustment,) = answer["adjustments"]
    book = _sheets(duebook, "P-01")
    (row,) = _under(book["Statement"], "Adjustments")
    assert adjustment["why"] in row["Reason"].split("\n")
    assert row["Outcome"] == "declined"
    steps = [row for row in book["Explanations"] if row[0] == adjustment["line"] and row[1]]
    assert steps[0][2] == adjustment["explanation"]["label"]
    assert [row[5] for row in steps if row[2].strip() == "store open"] == ["unmet"]


def test_the_days_are_the_programs(busy: Path, duebook: Duebook) -> None:
    """The bank's where it was given; a payment recorded after midnight in China is of that day."""
    paid = ("pay", "P-02", "--amount", "100", "--currency", "CNY", "--ref", "r-2", "--by", "lin")
    assert duebook(*paid, "--on", "2026-05-10").code == 0
    assert [row["Day"] for row in _under(_sheets(duebook, "P-02")["Statement"], "Payments")] == [
        "2026-05-10"
    ]
    answer = duebook("statement", "P-02", "--format", "json").json
    issued = day_of(parse_instant(answer["issued_at"]), "Asia/Shanghai").isoformat()
    rows = _workbook("s.xlsx")["Statement"]
    assert [f"Issued on: {issued}"] in map(_cells, rows)
    assert "2026-05-10 r-2" in _pdf(duebook, "P-02")


def test_letterhead_and_both_languages_are_on_each(busy: Path, duebook: Duebook) -> None:
    """As on the page: heads in both, reasons in both, no code left."""
    Path("letterhead.toml").write_text(
        LETTERHEAD + 'languages = ["zh", "en"]\nlogo = "logo.png"\n', encoding="utf-8"
    )
    Path("logo.png").write_bytes(PIXEL)
    answer = duebook("statement", "P-01", "--format", "json").json
    codes = {code for line in answer["lines"] for code in (*line["unmet"], *line["held_for"])}
    assert codes
    rows = _sheets(duebook, "P-01")["Statement"]
    texts = [cell for row in rows for cell in _cells(row) if isinstance(cell, str)]
    assert {"Acme 平台", "12 Harbour Road", "金额\nAmount", "明细编号\nLine"} <= set(texts)
    assert "收件方 / To: 杭州蓝门跨境电商服务有限公司, partner:P-01" in texts
    said = " ".join(texts)
    for code in codes:
        assert f"{words('zh')[code]} / {words('en')[code]}" in said
        assert "_" not in code or code not in said


@pytest.mark.parametrize("payee", PAYEES)
@pytest.mark.parametrize("suffix", ["xlsx", "pdf"])
def test_neither_says_anything_of_other_payees(
    payee: str, suffix: str, busy: Path, duebook: Duebook
) -> None:
    """Neither their names nor their stores, nor a file of ours."""
    if suffix == "pdf":
        text = _pdf(duebook, payee)
    else:
        sheets = _sheets(duebook, payee).values()
        text = " ".join(str(cell) for rows in sheets for row in rows for cell in row)
    every = duebook("statement", PROGRAM, "--format", "json").json
    payees = {line["subject"].partition(":")[2]: line["payee"] for line in every["lines"]}
    others = {name for name, own in payees.items() if own != f"partner:{payee}"}
    assert len(others) > 20
    assert not [name for name in others if re.search(rf"\b{name}\b", text)]
    assert set(re.findall(r"partner:P-[0-9]+|\bP-0[0-9]\b", text)) <= {f"partner:{payee}", payee}
    assert not re.search(r"\.ndjson|\.csv", text)
    assert payee in text


def test_the_workbook_of_all_payees_names_each(busy: Path, duebook: Duebook) -> None:
    """A column for the payee, in lines, adjustments and balances; no letterhead."""
    Path("letterhead.toml").write_text(LETTERHEAD, encoding="utf-8")
    rows = _sheets(duebook, PROGRAM)["Statement"]
    answer = duebook("statement", PROGRAM, "--format", "json").json
    lines = [row for row in _under(rows, "Lines") if row["Line"] != "Total"]
    assert [row["Payee"] for row in lines] == [line["payee"] for line in answer["lines"]]
    assert [row["Payee"] for row in _under(rows, "Adjustments")] == ["partner:P-01"]
    assert [(row["Payee"], _exact(row["Due"])) for row in _under(rows, "Balances")] == [
        (row["payee"], Decimal(row["due"])) for row in answer["statements"]
    ]
    assert not any("Acme" in str(cell) for row in rows for cell in row)


def test_a_pdf_says_what_the_statement_says(busy: Path, duebook: Duebook) -> None:
    """Recipient, each line, the adjustment, the payment, what is open, the seal, and every step."""
    text = _pdf(duebook, "P-01")
    answer = duebook("statement", "P-01", "--format", "json").json
    for line in answer["lines"]:
        assert f"{line['line']} {line['subject']} {line['outcome']}" in text
    (row,) = answer["statements"]
    for flow in AMOUNTS:
        assert f"{labels('en')[flow]} {float(row[flow]):,.2f} CNY" in text
    (paid,) = answer["payments"]
    assert f"{paid['ref']} {float(paid['amount']):,.2f}" in text
    assert answer["fingerprint"]["sha256"] in _joined(text)
    (adjustment,) = answer["adjustments"]
    assert _joined(adjustment["why"]) in _joined(text)
    label = _joined(adjustment["explanation"]["label"])
    assert label in _joined(text)
    assert text.count("store open") >= len(answer["lines"])


def test_a_pdf_is_tagged_to_be_kept_and_says_its_language(
    busy: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A4, titled, PDF/UA-1 and PDF/A-2b, dated by the day of issue."""
    from pypdf import PdfReader

    three = {"partner:P-03": "Three"}  # set in any font
    monkeypatch.setattr("projections.pages.names.names_of", lambda *_: three)
    _pdf(duebook, "P-03")
    reader = PdfReader("s.pdf")
    root = reader.trailer["/Root"].get_object()
    metadata = reader.xmp_metadata
    assert metadata is not None
    assert root["/MarkInfo"]["/Marked"].value
    assert root["/Lang"] == "en"
    assert reader.metadata is not None
    assert reader.metadata.title == f"Statement {PROGRAM}/partner:P-03"
    written = root["/Metadata"].get_object().get_data().decode()
    assert "pdfuaid:part>1<" in written
    assert "pdfaid:part>2<" in written
    assert "pdfaid:conformance>B<" in written
    assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [595, 842]
    answer = duebook("statement", "P-03", "--format", "json").json
    day = day_of(parse_instant(answer["issued_at"]), "Asia/Shanghai")
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.date() == day
    count = len(reader.pages)
    for number, page in enumerate(reader.pages, 1):
        assert f"{number} / {count}" in page.extract_text()


def test_two_processes_write_the_same_bytes(busy: Path, process: Callable[..., Any]) -> None:
    """Also the workbook."""
    for suffix in ("pdf", "xlsx"):
        for name in ("a", "b"):
            ran = process("statement", "P-02", "-o", f"{name}.{suffix}")
            ran.communicate()
            assert ran.returncode == 0
        assert Path(f"a.{suffix}").read_bytes() == Path(f"b.{suffix}").read_bytes()


MARKS = "\u0301\u0327\u0353"
"""Above, below and through the letter before them."""
HOSTILE = [
    "<script>alert(1)</script>",
    "=1+1",
    '#import "/etc/passwd" #panic() *x* _y_ $ \\ @ref <label> `raw` // /* ] }',
    "x" * 200,
    "Turned\u202earound",
    "שלום עולם",
    "\u2067Turned\u2069 \u2028\ufeff\x7f",
    f"Z{MARKS * 30}algo",
    """"a","b"\t=1+1</td>{{ 7 * 7 }}#{panic()}""",
]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_hostile_name_is_text_and_stays_on_the_page(
    name: str, busy: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a name holds; what cannot be seen is spelt out; a long one is broken."""
    from pypdf import PdfReader

    monkeypatch.setattr(
        "projections.pages.names.names_of", lambda _, parties, __: dict.fromkeys(parties, name)
    )
    text = _joined(_pdf(duebook, "P-02"))
    shown = visible(name)
    if name.startswith("ש"):
        assert set(name) <= set(text) | {" "}
    elif MARKS in name:
        assert "algo,partner:P-02" in text  # how marks are read out of a PDF is the reader's own
    else:
        assert _joined(shown) in text
    lines = PdfReader("s.pdf").pages[0].extract_text().splitlines()
    assert max(line.count("x") for line in lines) < 110  # as many fill a line of the page
    rows = _sheets(duebook, "P-02")["Statement"]
    assert [f"To: {shown}, partner:P-02"] in map(_cells, rows)


def test_all_statements_are_written_as_pdf(busy: Path, duebook: Duebook) -> None:
    """Each of its own payee; one of several is refused, and one without a file."""
    ran = duebook("statement", PROGRAM, "--all", "-o", "pdfs", "--format", "pdf")
    assert ran.code == 0, ran.err
    paths = sorted(Path("pdfs").iterdir())
    assert len(paths) == len(PAYEES)
    for path in paths:
        assert f"{PROGRAM}/{path.stem.rpartition(',')[2].replace('=', ':')}" in _text(str(path))
    ran = duebook("statement", PROGRAM, "-o", "s.pdf")
    assert (ran.code, "A PDF is of one statement" in ran.err) == (2, True)
    ran = duebook("statement", "P-01", "--format", "pdf")
    assert (ran.code, "A PDF needs a file: -o FILE.pdf" in ran.err) == (2, True)


def test_without_the_typesetter_it_is_said_how_to_get_it(
    busy: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no file, no folder is made."""
    monkeypatch.setitem(sys.modules, "typst", None)
    for words_ in (("P-01", "-o", "s.pdf"), ("--all", "-o", "pdfs", "--format", "pdf")):
        ran = duebook("statement", *words_)
        assert ran.code == 2
        assert "pip install 'duebook[pdf]'" in ran.err
    assert not Path("s.pdf").exists()
    assert not Path("pdfs").exists()


def test_a_character_without_a_font_is_said_with_the_package_that_has_it(
    busy: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written all the same, once said for all files of a call."""
    import typst

    from projections.pages import statement_pdf

    fonts = typst.Fonts(include_system_fonts=False)
    monkeypatch.setattr(statement_pdf, "_fonts", lambda: fonts)
    monkeypatch.setattr(statement_pdf, "_chinese_fonts", list)
    ran = duebook("statement", "P-01", "-o", "s.pdf")
    assert ran.code == 0
    assert "fonts-noto-cjk" in ran.err
    assert Path("s.pdf").read_bytes().startswith(b"%PDF")
    monkeypatch.setattr(
        "projections.pages.names.names_of", lambda _, parties, __: dict.fromkeys(parties, "\u1820")
    )
    ran = duebook("statement", PROGRAM, "--all", "-o", "pdfs", "--format", "pdf")
    assert ran.err.count("fonts-noto-core") == 1


def test_a_logo_that_is_cut_off_is_refused(busy: Path, duebook: Duebook) -> None:
    """With what is wrong."""
    Path("logo.png").write_bytes(PIXEL[:20])
    Path("letterhead.toml").write_text('logo = "logo.png"\n', encoding="utf-8")
    ran = duebook("statement", "P-01", "-o", "s.pdf")
    assert ran.code == 2
    assert "The letterhead's logo cannot be drawn" in ran.err
    assert not Path("s.pdf").exists()


@pytest.mark.more
def test_chinese_is_set_in_a_chinese_font(busy: Path, duebook: Duebook) -> None:
    """Embedded, so that it is shown everywhere, and said to be Chinese."""
    from pypdf import PdfReader

    Path("letterhead.toml").write_text('languages = ["zh", "en"]\n', encoding="utf-8")
    ran = duebook("statement", "P-01", "-o", "s.pdf")
    assert "No font" not in ran.err, "Install a Chinese font: apt-get install fonts-noto-cjk"
    reader = PdfReader("s.pdf")
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert any("CJK" in name or "Han" in name or "Song" in name for name in fonts), fonts
    assert "杭州蓝门跨境电商服务有限公司" in _text("s.pdf")
    assert reader.trailer["/Root"].get_object()["/Lang"] == "zh"
