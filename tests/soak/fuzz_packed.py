"""Readers of files that are packed: workbooks and Parquet."""

import io
import os
import random
import resource
import runpy
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, ClassVar

from ledger.intake.tables import parquet_copy, workbook
from ledger.intake.tables.own_process import Ended, run_reader
from tests.platform_files import read_orders as read_theirs
from tests.soak.fuzz_base import DEMO, PLATFORM, OnBook, Target, as_bytes, every, odd
from tests.soak.fuzz_files import read_orders, with_duckdb

CHILD_MIB_MAX = 512
BESIDE = 64
"""One file in so many is read by a process as the command starts it; the others by a fork of
this one, which is quicker."""
TAGS = [b"<row r=", b'r="', b't="s"', b't="inlineStr"', b"<f>", b"<v>", b"<is><t>", b"<dimension "]


class Workbook(Target):
    """Workbooks: bytes of the file, and what is inside of its parts."""

    LENGTH = 65536
    WORDS: ClassVar[list[str]] = [*(tag.decode() for tag in TAGS), "A1048576", "XFD1048576", "PK"]

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        # Loaded once, before the forks.
        import python_calamine  # noqa: F401

    def seeds(self) -> Iterator[bytes]:
        yield from (path.read_bytes() for path in sorted(PLATFORM.glob("*.xlsx")))
        yield _packed({"xl/worksheets/sheet1.xml": b"<sheetData>" + b" " * 5_000_000})

    def mutate(self, data: bytes, most: int, seed: int) -> bytes:
        """Mostly inside of a part, packed again; else bytes of the file."""
        import atheris

        chance = random.Random(seed)
        if chance.random() < 0.75 and (parts := _parts(data)):
            name = chance.choice(list(parts))
            if chance.random() < 0.6:
                sheets = [one for one in parts if "sheet" in one or "shared" in one]
                name = chance.choice(sheets or [name])
            match chance.randrange(8):
                case 0:
                    del parts[name]
                case 1:
                    parts[name] = b" " * chance.choice([0, 10_000, 3_000_000]) + parts[name]
                case 2 | 3:
                    parts[name] = _with_odd_cell(parts[name], chance)
                case 4:
                    parts[chance.choice(list(parts))] = parts[name]
                case _:
                    parts[name] = atheris.Mutate(parts[name], len(parts[name]) + 200)
            packed = _packed(parts, stored=chance.random() < 0.2)
            if len(packed) <= most:
                return packed
        return atheris.Mutate(data, len(data) and most)

    def one(self, data: bytes) -> None:
        path = self.folder / "income.xlsx"
        path.write_bytes(data)
        workbook.run_reader = run_reader if every(data, BESIDE) else in_a_fork
        read_theirs(path, "tiktok-income", "D-03")

    def read(self, data: bytes) -> None:
        super().read(data)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        assert peak < CHILD_MIB_MAX, f"the process that reads took {peak} MiB"


def in_a_fork(
    module: str,
    words: Sequence[str],
    *,
    given: IO[Any] | None = None,
    output: IO[Any] | None = None,
    seconds: float | None = None,
) -> Ended:
    """What `run_reader` does, in a fork of this process: another Python would take fifty times as
    long to start as to read."""
    with tempfile.TemporaryFile() as captured:
        child = os.fork()
        if not child:
            code = 70
            try:
                os.dup2(given.fileno() if given else os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2((output or captured).fileno(), 1)
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                sys.stdin = os.fdopen(0, encoding="utf-8")
                sys.stdout = os.fdopen(1, "w", encoding="utf-8")
                sys.argv = [module, *words]
                runpy.run_module(module, run_name="__main__")
                sys.stdout.flush()
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        captured.seek(0)
        return Ended(os.waitstatus_to_exitcode(status), b"" if output else captured.read())


def _parts(data: bytes) -> dict[str, bytes]:
    """The parts of a workbook that can be unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            infos = [one for one in packed.infolist() if one.file_size < 10_000_000][:50]
            return {one.filename: packed.read(one) for one in infos}
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, NotImplementedError,
            RuntimeError):  # fmt: skip
        return {}


def _packed(parts: dict[str, bytes], *, stored: bool = False) -> bytes:
    made = io.BytesIO()
    how = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(made, "w", how) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return made.getvalue()


def _with_odd_cell(part: bytes, chance: random.Random) -> bytes:
    """Something between two tags, or in quotes, becomes another."""
    opening, closing = chance.choice([(b">", b"<"), (b'"', b'"'), (b"<", b">")])
    places = [at for at, byte in enumerate(part) if part[at : at + 1] == opening]
    if not places:
        return part
    at = chance.choice(places) + 1
    end = part.find(closing, at)
    value = chance.choice([as_bytes(odd(chance)), chance.choice(TAGS), b"XFD1048576", b"A99999"])
    return part[:at] + value + part[max(end, at) :]


class Parquet(OnBook):
    """Order files as Parquet: bytes of the footer, the pages and all between."""

    LENGTH = 16384
    CHECKED = 200

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        # Loaded once, before the forks.
        import duckdb  # noqa: F401

    def seeds(self) -> Iterator[bytes]:
        source = DEMO / "orders-2020-05.csv"
        path = self.folder / "seed.parquet"
        self.whole: list[bytes] = []
        for rows in (0, 1, 3, 40):
            for how in ("zstd", "snappy", "uncompressed"):
                for varchar in ("true", "false"):
                    sql = _copy(source, path, rows, how, varchar)
                    with_duckdb(self.folder, lambda base, sql=sql: base.execute(sql))
                    self.whole.append(path.read_bytes())
        yield from self.whole

    def mutate(self, data: bytes, most: int, seed: int) -> bytes:
        """Some bytes, rather near the end, where a file is described; its magic words stay."""
        import atheris

        chance = random.Random(seed)
        if chance.random() < 0.5:
            # What DuckDB enters is not seen: files that it reads would not be kept.
            data = chance.choice(self.whole)
        if chance.random() < 0.3 or len(data) < 16:
            return atheris.Mutate(data, len(data) and most)
        spoilt = bytearray(data)
        for _ in range(chance.choice([1, 1, 1, 2, 4, 16])):
            footer = chance.random() < 0.6
            low = max(4, len(spoilt) - 2000) if footer else 4
            at = chance.randrange(low, len(spoilt) - 4)
            spoilt[at] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
        return bytes(spoilt)

    def one(self, data: bytes) -> None:
        path = self.folder / "orders.parquet"
        path.write_bytes(data)
        parquet_copy.run_reader = run_reader if every(data, BESIDE) else in_a_fork
        read_orders(self, path, data)


def _copy(source: Path, path: Path, rows: int, how: str, varchar: str) -> str:
    return (
        f"COPY (SELECT * FROM read_csv('{source}', all_varchar = {varchar}) LIMIT {rows})"
        f" TO '{path}' (FORMAT parquet, COMPRESSION {how})"
    )
