"""A long file is read as it lies, a short one as a copy: both read every cell alike."""

from pathlib import Path
from typing import Any

import pytest

from ledger.intake.orders.reading import read
from ledger.intake.tables import table
from ledger.intake.tables.mappings import parsed
from ledger.kernel.instants import parse_instant
from tests.platform_files import in_memory

NOW = parse_instant("2030-01-01T00:00:00Z")
HEADER = ["Pedido", "Loja", "Criado em", "Valor", "Moeda", "Origem", "Pagamento", "Reembolso"]
USUAL = ["o", "S-1", "13/11/2025 10:00:00", "1204,50", "BRL", "loja", "boleto", "0,00"]
ODD = {
    "Valor": [
        *("1.204,50", "1,204.50", "12.50", "R$ 5,00", " 5,00 ", "5,00\u00a0", "(5,00)", "1e3"),
        *("5", "5,", ",5", "+5,00", "-5,00", "5,005", "1_000", "", "abc", "5,00 EUR", "0x10"),
    ],
    "Criado em": [
        *("17/02/2018 23:30:00", "04/11/2018 00:30:00", "04/11/2018 01:30:00", "31/02/2025 1:2:3"),
        *(" 13/11/2025 10:00:00", "13/11/2025 10:00:00 ", "3/1/2025 9:05:00", "", "13/11/25"),
        *("13/11/2025", "2025-11-13 10:00:00", "13/11/2025 24:00:00", "13/11/2025 23:59:60"),
    ],
    "Origem": ["anúncio", "ANÚNCIO", " anúncio ", "um anúncio", "", " ", "\u00a0", "-", "ad", "X"],
    "Pagamento": ["boleto", "BOLETO", " boleto", "dinheiro", "cod", "pix", "", "boleto "],
    "Reembolso": ["0", "", " ", "1,00", "2000,00", "1.000,00", "x", "-1,00"],
    "Pedido": ["#1001", " 1001", "'1001", "5.77E+17", "", "\t77"],
    "Moeda": ["brl", " BRL ", "R$", "", "XXX"],
}
MAPPING = """
name = "loja"
for = "orders"
[file]
decimal = ","
thousands = "."
zone = "America/Sao_Paulo"
delimiter = ";"
[columns]
order_id = "Pedido"
store = "Loja"
created_at = { header = "Criado em", formats = ["%d/%m/%Y %H:%M:%S"] }
amount = "Valor"
currency = "Moeda"
traffic = { header = "Origem", words = { "anúncio" = "ad", "*" = "ordinary" } }
channel = { constant = "other" }
payment = { header = "Pagamento", words = { boleto = "online", dinheiro = "cod" } }
category = { constant = "x" }
refunded = { header = "Reembolso", default = "0" }
"""
COLUMNS = "order_id, store, created_at, amount_minor, currency, traffic, payment, refunded_minor"


def _read(path: Path) -> tuple[list[Any], list[tuple[Any, ...]]]:
    """The good orders, and what the bad ones are told."""
    with in_memory() as database:
        checked = read(database, [path], NOW, mapping=parsed(MAPPING, "m"))
        rows = database.execute(f"SELECT {COLUMNS} FROM {checked.relation} ORDER BY order_id")
        told = [(one.row, one.code, one.column, one.found) for one in checked.rejections]
        return rows.fetchall(), told


def test_a_file_is_read_alike_as_it_lies_and_as_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every odd cell beside usual ones: the same orders, the same faults in the same rows."""
    rows = [
        [cell if one == name else f"o-{name}-{at}" if one == "Pedido" else usual
         for one, usual in zip(HEADER, USUAL, strict=True)]
        for name, cells in ODD.items()
        for at, cell in enumerate(cells)
    ]  # fmt: skip
    path = tmp_path / "loja.csv"
    path.write_text("\n".join(";".join(row) for row in [HEADER, *rows]) + "\n", encoding="utf-8")
    copied = _read(path)
    monkeypatch.setattr(table, "DIRECT_FROM_BYTES", 0)
    lying = _read(path)
    assert lying[0] == copied[0]
    assert lying[1] == copied[1]
    assert len(copied[0]) > 20
    assert len(copied[1]) > 20
