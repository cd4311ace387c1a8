"""`duebook files`: what a file is, and a mapping drafted from it; and that mapping at work."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Duebook = Callable[..., Any]
JSON = ("--format", "json")
FILES = Path(__file__).parents[2] / "fixtures" / "platform"
EXPORT = """Relatório de vendas;;;;;;
Gerado em 01/12/2025;;;;;;

Pedido;SKU;Preço;Criado em;Tipo;Categoria;Nota
577000000000000001;A-1;1.204,50;13/11/2025 10:00:00;boleto;beauty;"a;b"
577000000000000001;A-2;32,13;13/11/2025 10:00:00;cartão;beauty;
577000000000000002;A-1;R$ 5,00;14/11/2025 23:59:59;dinheiro;toys;
"""
FILLED = {
    "# zone": 'zone = "America/Sao_Paulo"',
    "# store": 'store = { constant = "S-1" }',
    "# currency": 'currency = { constant = "BRL" }',
    "# traffic": 'traffic = { constant = "ordinary" }',
    "# channel": 'channel = { constant = "other" }',
    "# payment": 'payment = { header = "Tipo", words = { dinheiro = "cod", "*" = "online" } }',
    '    "Tipo",': "",
}


@pytest.fixture
def export(empty: Path) -> Path:
    """A platform's export, as a spreadsheet program of another country writes it."""
    Path("loja.csv").write_bytes(EXPORT.encode("windows-1252"))
    return Path("loja.csv")


def _filled(draft: str) -> str:
    """A draft with what it does not know filled in, line by line."""
    lines = []
    for line in draft.splitlines():
        key = next((one for one in FILLED if line.startswith(one)), None)
        lines.append(line if key is None else FILLED[key])
    return "\n".join(lines)


@pytest.mark.parametrize("path", sorted(FILES.glob("*-good.*")), ids=lambda path: str(path.name))
def test_the_profile_of_each_good_sample_is_named(path: Path, duebook: Duebook) -> None:
    """And no other's, but for files with our own headers."""
    name = path.stem.removesuffix("-good")
    fits = duebook("files", path, *JSON).json["fits"]
    assert fits == [name] or name in ("lines", "orders")


def test_a_file_is_told_by_what_it_holds(export: Path, duebook: Duebook) -> None:
    """Format, encoding, separator, header; each column with its first cells."""
    answer = duebook("files", export, *JSON).json
    assert (answer["format"], answer["encoding"]) == ("CSV with ';'", "windows-1252")
    assert (answer["header_at"], answer["for"], answer["fits"]) == (4, "orders", [])
    columns = {one["header"]: (one["read_as"], one["samples"][0]) for one in answer["columns"]}
    assert columns["Pedido"] == ("order_id", "577000000000000001")
    assert columns["Nota"] == (None, "a;b")
    assert answer["missing"] == ["store", "currency", "traffic", "channel", "payment"]
    assert answer["doubts"] == ["times have no zone: name it, or give --zone"]


def test_the_first_rows_are_shown_as_the_draft_reads_them(export: Path, duebook: Duebook) -> None:
    """With a zone the times are instants; amounts are plain decimals."""
    rows = duebook("files", export, "--zone", "America/Sao_Paulo", *JSON).json["first_rows"]
    assert [(one["row"], one["amount"], one["created_at"]) for one in rows] == [
        (5, "1204.50", "2025-11-13T13:00:00.000000Z"),
        (6, "32.13", "2025-11-13T13:00:00.000000Z"),
        (7, "5.00", "2025-11-15T02:59:59.000000Z"),
    ]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_draft_that_is_filled_in_reads_the_file(
    export: Path, duebook: Duebook, pack: Callable[[bytes], bytes]
) -> None:
    """One mapping and no script: the sums are the file's own, packed or not."""
    export.write_bytes(pack(export.read_bytes()))
    draft = duebook("files", export, "--format", "toml")
    assert draft.code == 0
    Path("loja.toml").write_text(_filled(draft.out), encoding="utf-8")
    ran = duebook("orders", export, "--profile", "loja.toml", *JSON)
    assert (ran.json["recorded"], ran.json["rejected"]) == (3, [])
    found = duebook("query", "SELECT sum(amount) AS sum, min(payment) AS p FROM orders", *JSON).json
    assert found[0]["sum"] == "1241.63"
    (batch,) = [one for one in duebook("log", "--format", "ndjson").lines if one.get("profile")]
    assert (batch["type"], batch["profile"][:12]) == ("BatchRecorded", "loja sha256:")
    again = duebook("orders", export, "--profile", "loja.toml", *JSON).json
    assert (again["recorded"], again["known"]) == (0, 3)


def test_a_day_that_can_be_two_is_in_doubt_and_the_draft_cannot_be_used_as_it_is(
    export: Path, duebook: Duebook
) -> None:
    """Of the 3rd of November and the 11th of March nobody can tell which is meant."""
    export.write_text(re.sub("1[34]/11", "03/11", EXPORT), encoding="utf-8")
    ran = duebook("files", export, *JSON)
    (doubt, _) = ran.json["doubts"]
    assert "can mean %d/%m/%Y %H:%M:%S or %m/%d/%Y %H:%M:%S" in doubt
    Path("loja.toml").write_text(_filled(ran.json["mapping"]), encoding="utf-8")
    ran = duebook("orders", export, "--profile", "loja.toml")
    assert ran.code == 2
    assert "one text could be two days" in ran.err


def test_a_file_with_our_own_headers_needs_no_mapping(empty: Path, duebook: Duebook) -> None:
    """Of orders, of facts, of the platform's lines."""
    for name, use in (("orders.csv", "orders"), ("shops.ndjson", "facts"), ("lines-good.csv", "")):
        answer = duebook("files", FILES / name, *JSON).json
        assert answer["own_headers"]
        assert answer["mapping"] is None
        assert answer["for"] == (use or "reconcile")
        assert not any("error" in one for one in answer["first_rows"])


def test_a_profile_is_proposed_only_to_a_file_that_has_what_it_reads(
    empty: Path, duebook: Duebook
) -> None:
    """The same file without the columns of its equation fits nothing."""
    good = FILES / "tiktok-income-good.csv"
    assert duebook("files", good, *JSON).json["fits"] == ["tiktok-income"]
    text = good.read_text(encoding="utf-8").replace("Total Revenue", "Something")
    Path("other.csv").write_text(text, encoding="utf-8")
    answer = duebook("files", "other.csv", *JSON).json
    assert answer["fits"] == []
    assert "tiktok-income" not in duebook("files", "other.csv").err


def test_a_mapping_that_does_not_read_the_file_says_why(export: Path, duebook: Duebook) -> None:
    """And ends with 1, for scripts."""
    Path("m.toml").write_text(
        'name = "m"\nfor = "orders"\n[columns]\norder_id = "Order"\n', encoding="utf-8"
    )
    ran = duebook("files", export, "--profile", "m.toml")
    assert ran.code == 1
    ran = duebook("files", FILES / "tiktok-orders-good.csv", "--profile", "tiktok-orders")
    assert ran.code == 0
    assert "Not in the file: currency. Options give it: --store, --set." in ran.err
    ran = duebook("files", export, "--profile", "tiktok-income", "--for", "orders")
    assert ran.code == 2
    assert "is for reconcile, not for orders" in ran.err


def test_facts_are_recorded_through_a_mapping_from_a_workbook(
    empty: Path, duebook: Duebook
) -> None:
    """Dates and numbers of the workbook are what they are, whatever its texts are written like."""
    from datetime import datetime

    import xlsxwriter

    with xlsxwriter.Workbook("sales.xlsx") as book:
        sheet = book.add_worksheet("Sales")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["Shop", "Day", "Total", "Seen"])
        for row, (name, total) in enumerate((("S-1", 1204.5), ("S-2", "1.204,50")), start=1):
            sheet.write(row, 0, name)
            sheet.write_datetime(row, 1, datetime(2026, 3, 2), day)
            sheet.write(row, 2, total)
            sheet.write(row, 3, "02.03.2026 18:00")
    Path("sales.toml").write_text(
        'name = "sales"\nfor = "GMVRecorded"\n[file]\ndecimal = ","\nthousands = "."\n'
        '[columns]\nstore = "Shop"\nday = "Day"\namount = "Total"\n'
        'currency = { constant = "EUR" }\nbasis = { constant = "placed" }\n'
        'at = { header = "Seen", formats = ["%d.%m.%Y %H:%M"], zone = "Europe/Berlin" }\n',
        encoding="utf-8",
    )
    ran = duebook("record", "sales.xlsx", "--profile", "sales.toml", *JSON)
    assert (ran.json["recorded"], ran.json["rejected"]) == (2, [])
    rows = duebook("log", "--format", "ndjson").lines
    facts = [one for one in rows if one["type"] == "GMVRecorded"]
    assert [(one["amount"], one["day"]) for one in facts] == [("1204.50", "2026-03-02")] * 2
    (batch,) = [one for one in rows if one["type"] == "BatchRecorded"]
    assert re.fullmatch(r"sales sha256:[0-9a-f]{64}", batch["profile"])


def test_columns_are_shown_as_the_mapping_reads_them(empty: Path, duebook: Duebook) -> None:
    """Of a mapping that is given, and of a shipped one that fits; not as a draft would."""
    Path("a.csv").write_text("Nr,Note,Paid,Cur\n1,x,5.00,USD\n", encoding="utf-8")
    Path("m.toml").write_text(
        'name = "m"\nfor = "reconcile"\n[columns]\norder_id = "Nr"\namount = "Paid"\n'
        'currency = "Cur"\nstore = "Nr"\n',
        encoding="utf-8",
    )
    answer = duebook("files", "a.csv", "--profile", "m.toml", *JSON).json
    read = {one["header"]: one["read_as"] for one in answer["columns"]}
    assert read == {"Nr": "order_id, store", "Note": None, "Paid": "amount", "Cur": "currency"}
    answer = duebook("files", FILES / "tiktok-income-good.csv", *JSON).json
    read = {one["header"]: one["read_as"] for one in answer["columns"]}
    assert read["Order/adjustment ID"] == "order_id, id"


def test_a_header_of_two_rows_is_shown_as_the_mapping_reads_it(
    empty: Path, duebook: Duebook
) -> None:
    """Of each column the lowest name; quotes as the mapping says."""
    Path("a.csv").write_text("'Nr','Money',\n,'Paid','Cur'\n1,'5,00',EUR\n", encoding="utf-8")
    Path("m.toml").write_text(
        'name = "m"\nfor = "reconcile"\n[file]\nheader_rows = 2\nquote = "\'"\ndecimal = ","\n'
        '[columns]\norder_id = "Nr"\namount = "Paid"\ncurrency = "Cur"\n',
        encoding="utf-8",
    )
    answer = duebook("files", "a.csv", "--profile", "m.toml", *JSON).json
    read = {one["header"]: (one["read_as"], one["samples"][0]) for one in answer["columns"]}
    assert read == {
        "Nr": ("order_id", "1"),
        "Paid": ("amount", "5,00"),
        "Cur": ("currency", "EUR"),
    }
    assert answer["first_rows"][0]["amount"] == "5.00"


@pytest.mark.parametrize(
    ("row", "may_explain"),
    [
        ("IBERIA;Iberia Aperturas S.L.;agency;03.10.2025 09:00", False),
        ("IBERIA;Iberia Aperturas S.L.;agency;12", False),
        ("IBERIA;Iberia Aperturas S.L.;agency;", True),
        ("The partner's id;Its full name;What it does;When it was certified", True),
    ],
)
def test_a_draft_never_passes_over_a_first_row_by_itself(
    row: str, may_explain: bool, empty: Path, duebook: Duebook, file: Callable[..., str]
) -> None:
    """It may be data: a draft asks, and a row with a number or a time in it explains nothing."""
    rows = f"{row}\nNORDIC;Nordic Brands AB;agency;04.10.2025 09:00\n"
    name = file(f"partner;name;kind;at\n{rows}", "p.csv")
    ran = duebook("files", name, "--for", "PartnerCertified", *JSON)
    assert any("described" in doubt for doubt in ran.json["doubts"]) is may_explain
    assert not re.search(r"^described", ran.json["mapping"], re.M)
    assert len(ran.json["first_rows"]) == 2


@pytest.mark.parametrize(
    ("fact", "header", "read_as", "missing"),
    [
        (
            "GMVRecorded",
            "Shop code;Order date;Settled on;Net settled;Currency",
            ["store", "day", "at", "amount", "currency"],
            ["basis"],
        ),
        (
            "StoreClosed",
            "Date;Shop;Reason",
            ["at", "store", "reason"],
            [],
        ),
        (
            "StockListed",
            "Time;Store ID;Country code;Amount",
            ["at", "store", "country", None],
            [],
        ),
    ],
)
def test_a_draft_for_a_fact_knows_usual_headers_of_its_fields(
    fact: str,
    header: str,
    read_as: list[str | None],
    missing: list[str],
    empty: Path,
    duebook: Duebook,
    file: Callable[..., str],
) -> None:
    """A date is the day of a fact that has one, and else when it happened; a header for which
    the fact has no field is left to the person."""
    name = file(header + "\n" + ";".join("2026-01-10" for _ in header.split(";")) + "\n", "f.csv")
    ran = duebook("files", name, "--for", fact, *JSON)
    assert [column["read_as"] for column in ran.json["columns"]] == read_as
    assert ran.json["missing"] == missing
