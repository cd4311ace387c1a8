"""Every reader that is fuzzed, by name."""

from tests.soak.fuzz_commands import Arguments, Query
from tests.soak.fuzz_files import Csv, Ndjson, Orders, Platform, Terms
from tests.soak.fuzz_packed import Parquet, Workbook
from tests.soak.fuzz_tables import Gzip, Mappings, OrdersWorkbook, Tables

TARGETS = {
    "ndjson": Ndjson,
    "csv": Csv,
    "platform": Platform,
    "orders": Orders,
    "terms": Terms,
    "arguments": Arguments,
    "query": Query,
    "workbook": Workbook,
    "parquet": Parquet,
    "mappings": Mappings,
    "tables": Tables,
    "gzip": Gzip,
    "orders-workbook": OrdersWorkbook,
}
