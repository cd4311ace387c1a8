"""Files of facts that are neither NDJSON nor a CSV of ours: read as tables, through a mapping."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from ledger.intake.lines import BOM
from ledger.intake.tables.facts import default_type_of, facts_of
from ledger.intake.tables.mapped import MappedTable
from ledger.intake.tables.mapping import Mapping
from ledger.intake.tables.plain_file import PlainFile, plain_file
from ledger.intake.tables.table import Progress, opened
from ledger.intake.tables.targets import FACTS_OF_ANY_TYPE, target_named
from ledger.intake.tables.totals import refuse_differing_totals
from ledger.store.archive.connection import connect
from ledger.usecases.recording.second_process import Read, Reading

ROWS_AT_ONCE = 2_000
OTHERS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff", b"PAR1")
Shape = Literal["lines", "csv", "table"]


class Through(NamedTuple):
    """What files of facts are read through: a mapping, and a zone."""

    mapping: Mapping | None = None
    zone: str | None = None
    """The zone of times that name none."""

    @property
    def profile(self) -> str | None:
        """The mapping's name in the log; None without one."""
        return None if self.mapping is None else self.mapping.named


OUR_OWN = Through()


def shape_of(name: str, through: Through) -> Shape:
    """How a file is read, judged by its first bytes; a pipe, which is read once, by its name."""
    path = Path(name)
    by_name: Shape = "csv" if name.lower().endswith(".csv") else "lines"
    if not path.is_file():
        return by_name
    with path.open("rb") as file:
        begins = file.read(65_536)
    if begins.startswith(OTHERS) or through != OUR_OWN:
        return "table"
    text = begins.removeprefix(BOM).lstrip()
    if text.startswith(b"{"):
        return "lines"
    header = text.partition(b"\n")[0]
    if header[:1].isalpha() or header[:1] == b'"':
        if b"\t" in header and b"," not in header:
            return "table"
        if b"," in header:
            return "csv"
    return by_name


def plain_of(name: str, through: Through, folder: Path) -> PlainFile:
    """A file unpacked, and in UTF-8. Raises refusals of `intake.tables`."""
    mapping = through.mapping
    encoding = mapping.file.encoding if mapping else None
    return plain_file(name, folder, encoding, guess=mapping is not None)


def read_table(
    file: PlainFile, reading: Reading, through: Through, folder: Path, progress: Progress
) -> Iterator[Read]:
    """The facts of a file that is read as a table. Raises refusals of `intake.tables`."""
    mapping = through.mapping
    connection = connect(folder)
    target = target_named(mapping.for_ if mapping else reading.default_type or FACTS_OF_ANY_TYPE)
    table = opened(
        *(connection, file, mapping, target, folder),
        lambda what, more: None,
        exact_places=True,
    )
    mapped = MappedTable(table, mapping, target, {}, through.zone)
    refuse_differing_totals(connection, mapped)
    default = default_type_of(mapped, reading.default_type)
    items = facts_of(connection, mapped, reading.shown, reading.now, default)

    try:
        while some := list(islice(items, ROWS_AT_ONCE)):
            progress("rows", len(some))
            yield reading.sorted_out(some)
    finally:
        connection.close()
