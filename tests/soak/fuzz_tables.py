"""Readers of files as tables: mappings, texts of any encoding and separator, gzip, workbooks of
orders, and the command that looks at a file."""

import gzip
import random
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import ClassVar

from ledger.intake.orders.reading import read
from ledger.intake.tables import workbook
from ledger.intake.tables.mapping import Mapping
from ledger.intake.tables.mappings import SHIPPED, parsed, shipped
from ledger.intake.tables.own_process import run_reader
from ledger.usecases.looking.look_at_file import look_at
from ledger.usecases.recording.files import read_file
from ledger.usecases.recording.second_process import Helper
from ledger.usecases.recording.stage import Stage
from ledger.usecases.recording.tables import Through
from tests.platform_files import read_orders as read_theirs
from tests.quarter import silent
from tests.soak.fuzz_base import DEMO, NOW, PLATFORM, Target, every
from tests.soak.fuzz_files import Cells, with_duckdb
from tests.soak.fuzz_packed import BESIDE, Workbook, in_a_fork

EXPORT = """Relatório;;;;;\n\nPedido;SKU;Preço;Criado em;Tipo;Categoria
577000000000000001;A-1;1.204,50;13/11/2025 10:00:00;boleto;beauty
577000000000000001;A-2;R$ 32,13;13/11/2025 10:00:00;cartão;beauty
577000000000000002;A-1;(5,00);14/11/2025 23:59:59;dinheiro;toys
Total;;1.241,63;;;
"""
FACTS_MAPPING = parsed(
    'name = "f"\nfor = "GMVRecorded"\n[file]\ndecimal = ","\n[columns]\nstore = "Pedido"\n'
    'day = { header = "Criado em", formats = ["%d/%m/%Y %H:%M:%S"] }\namount = "Preço"\n'
    'currency = { constant = "BRL" }\nbasis = { constant = "placed" }\n'
    'at = { header = "Criado em", formats = ["%d/%m/%Y %H:%M:%S"], zone = "Europe/Berlin" }\n',
    "facts",
)
ORDERS_MAPPING = """name = "o"
for = "orders"
[file]
decimal = ","
thousands = "."
zone = "America/Sao_Paulo"
totals = ["Total"]
[columns]
order_id = { header = "Pedido", strip = "#" }
item = { header = "SKU", fill = "Pedido" }
store = { constant = "S-1" }
created_at = { header = "Criado em", formats = ["%d/%m/%Y %H:%M:%S", "%b %d, %Y"] }
amount = { header = "Preço", default = "0", replace = { "R$" = "" } }
currency = { unit = "Preço", default = "BRL" }
payment = { header = "Tipo", words = { dinheiro = "cod", "*" = "online" } }
traffic = { constant = "ordinary" }
channel = { constant = "other" }
category = { join = ["Categoria", "Tipo"] }
[rows]
pass_over = { Tipo = ["x"] }
[[equation]]
sum = ["Preço"]
is = "Preço"
"""


def read_orders_through(folder: Path, path: Path, mapping: Mapping | None) -> None:
    """A file of orders, read and checked."""
    with_duckdb(
        folder,
        lambda database: read(database, [path], NOW, mapping=mapping, within=folder),
    )


class Mappings(Target):
    """Mappings as TOML; one that is one reads a file."""

    LENGTH = 8192
    WORDS: ClassVar[list[str]] = [
        *('header = "', "constant", "sum = [", "words = {", "formats = [", "when = {", "take = "),
        *("fill = ", "%d/%m/%Y", "%Z", "epoch", "Europe/Berlin", "(.*)", "decimal = ", "optional"),
        *("[[equation]]", "[summary]", "[rows]", "only = {", "sections", "unique", "join = ["),
    ]

    def seeds(self) -> Iterator[bytes]:
        yield from (path.read_bytes() for path in sorted(SHIPPED.glob("*.toml")))
        yield ORDERS_MAPPING.encode()

    def one(self, data: bytes) -> None:
        mapping = parsed(data.decode("utf-8", "replace"), "the mapping")
        if not every(data, 4):
            return
        path = self.folder / "export.csv"
        path.write_text(EXPORT, encoding="utf-8")
        if mapping.for_ == "orders":
            read_orders_through(self.folder, path, mapping)
        elif mapping.for_ == "reconcile":
            (self.folder / "m.toml").write_bytes(data)
            read_theirs(path, str(self.folder / "m.toml"))


class Tables(Cells, Target):
    """Files in any text encoding, packed or not; the first byte chooses for what they are read."""

    LENGTH = 16384

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.orders = parsed(ORDERS_MAPPING, "orders")

    def seeds(self) -> Iterator[bytes]:
        for at, encoding in enumerate(("utf-8", "utf-16", "windows-1252", "utf-8-sig")):
            yield bytes([at]) + EXPORT.encode(encoding, "replace")
        for path in sorted(PLATFORM.glob("*.csv")) + sorted(PLATFORM.glob("*.txt")):
            yield b"\3" + b"".join(path.read_bytes().splitlines(keepends=True)[:6])
        for path in (PLATFORM / "shops.ndjson", DEMO / "orders-2020-05.csv"):
            yield b"\4" + b"".join(path.read_bytes().splitlines(keepends=True)[:4])

    def one(self, data: bytes) -> None:
        path = self.folder / "export.csv"
        content = data[1:]
        if every(data, 3):
            content = gzip.compress(content, 1)
        path.write_bytes(content)
        match data[0] % 6 if data else 0:
            case 0:
                read_orders_through(self.folder, path, self.orders)
            case 1:
                self._facts(path, Through(FACTS_MAPPING))
            case 2:
                read_orders_through(self.folder, path, None)
            case 3:
                names = [one.name for one in shipped() if one.for_ == "reconcile"]
                read_theirs(path, names[zlib.crc32(data) % len(names)])
            case 4:
                self._facts(path, Through(None, "Europe/Berlin"))
            case _:
                look_at(str(path)).as_json()

    def _facts(self, path: Path, through: Through) -> None:
        with Helper(False) as helper:
            read_file(Stage(), str(path), NOW, None, silent, helper, through)


class Gzip(Target):
    """Gzip files, damaged and made to grow."""

    def seeds(self) -> Iterator[bytes]:
        yield gzip.compress((PLATFORM / "orders.csv").read_bytes())
        yield gzip.compress((PLATFORM / "shops.ndjson").read_bytes(), 1)
        yield gzip.compress(gzip.compress(b"a,b\n"))
        yield gzip.compress(b"\0" * 2_000_000)

    def one(self, data: bytes) -> None:
        path = self.folder / "orders.csv"
        path.write_bytes(data)
        if every(data, 2):
            read_orders_through(self.folder, path, None)
            return
        with Helper(False) as helper:
            read_file(Stage(), str(path), NOW, None, silent, helper)


class OrdersWorkbook(Workbook):
    """Workbooks of orders with our own headers, and of facts."""

    def seeds(self) -> Iterator[bytes]:
        import xlsxwriter

        for path in (PLATFORM / "orders.csv", PLATFORM / "orders-good.csv"):
            made = BytesIO()
            with xlsxwriter.Workbook(made) as book:
                sheet = book.add_worksheet("Orders")
                for at, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
                    sheet.write_row(at, 0, line.split(","))
            yield made.getvalue()

    def one(self, data: bytes) -> None:
        path = self.folder / "orders.xlsx"
        path.write_bytes(data)
        workbook.run_reader = run_reader if every(data, BESIDE) else in_a_fork
        if random.Random(zlib.crc32(data)).random() < 0.5:
            read_orders_through(self.folder, path, None)
        else:
            read_theirs(path, "canonical", store="S-1")
