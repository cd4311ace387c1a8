"""Reading orders through a mapping, beside reading the same orders with our own headers.

python -m benchmarks.mapped_orders [--orders 2000000] [--runs 5]

The other file has the platform's own headers, semicolons, a decimal comma, local times of a zone
whose clocks are changed, and words of its own. Both are read and checked, and not archived.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import interleaved, timed
from benchmarks.orders import NOW, ORDERS, generate
from ledger.intake.orders.reading import read
from ledger.intake.tables.mapping import Mapping
from ledger.intake.tables.mappings import parsed
from ledger.store.archive.connection import connect

MAPPING = """
name = "loja"
for = "orders"
[file]
delimiter = ";"
decimal = ","
thousands = "."
zone = "America/Sao_Paulo"
[columns]
order_id = "Pedido"
store = "Loja"
created_at = { header = "Criado em", formats = ["%d/%m/%Y %H:%M:%S"] }
amount = "Valor"
currency = { constant = "BRL" }
traffic = { header = "Origem", words = { "anúncio" = "ad", "*" = "ordinary" } }
channel = { header = "Canal", words = { afiliado = "selected_alliance", "*" = "other" } }
payment = { header = "Pagamento", words = { boleto = "online", dinheiro = "cod" } }
category = "Categoria"
refunded = { header = "Reembolso", default = "0" }
[ignore]
headers = ["Nota"]
"""


def translate(path: Path, out: Path) -> None:
    """The same orders as the other platform writes them."""
    import duckdb

    comma = "replace({}::VARCHAR, '.', ',')"
    with duckdb.connect() as connection:
        connection.execute(
            f"""COPY (SELECT order_id AS "Pedido", store AS "Loja",
                strftime(strptime(left(created_at, 19), '%Y-%m-%dT%H:%M:%S'), '%d/%m/%Y %H:%M:%S')
                    AS "Criado em",
                {comma.format("amount")} AS "Valor",
                CASE traffic WHEN 'ad' THEN 'anúncio' ELSE 'orgânico' END AS "Origem",
                CASE channel WHEN 'other' THEN 'loja' ELSE 'afiliado' END AS "Canal",
                CASE payment WHEN 'cod' THEN 'dinheiro' ELSE 'boleto' END AS "Pagamento",
                category AS "Categoria", {comma.format("refunded")} AS "Reembolso", 'x' AS "Nota"
            FROM read_csv('{path}', all_varchar = true)) TO '{out}' (HEADER, DELIMITER ';')"""
        )


def seconds(path: Path, mapping: Mapping | None, work: Path, rows: int) -> float:
    """Seconds of reading and checking a file."""

    def act() -> None:
        with (
            TemporaryDirectory(dir=work) as spill,
            connect(Path(spill)) as connection,
        ):
            checked = read(connection, [path], NOW, mapping=mapping)
            assert (checked.rows, checked.rejected) == (rows, 0), checked.rejections[:1]

    return timed(act)


def main(orders: int, runs: int, work: Path) -> None:
    """Prints both times and their ratio."""
    ours, theirs = work / "ours.csv", work / "theirs.csv"
    generate(orders, 0, ours)
    translate(ours, theirs)
    mapping = parsed(MAPPING, "the mapping")
    middle = interleaved(
        runs,
        {
            "our own headers": lambda: seconds(ours, None, work, orders),
            "through a mapping": lambda: seconds(theirs, mapping, work, orders),
        },
    )
    sizes = [path.stat().st_size / 1e6 for path in (ours, theirs)]
    print(f"{orders:,} orders, {sizes[0]:.0f} and {sizes[1]:.0f} MB; medians of {runs} in turns")
    for name, taken in middle.items():
        print(f"{name:18} {taken:6.2f} s")
    ratio = middle["our own headers"] / middle["through a mapping"]
    print(f"through a mapping against our own headers {ratio:.2f} x speed (at least 0.8)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        main(given.orders, given.runs, Path(folder))
