"""Readers of text: facts as NDJSON and CSV, order files, a platform's files, terms."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from cli.commands.reconcile import Against
from ledger.aggregates.catalogue import FACTS
from ledger.intake.orders.reading import read
from ledger.intake.platform import canonical, orderfile
from ledger.intake.platform.how import How
from ledger.kernel.clocks import Clocks
from ledger.store.archive.connection import connect
from ledger.store.book import open_book
from ledger.usecases.recording.files import read_file
from ledger.usecases.recording.record import record
from ledger.usecases.recording.second_process import Helper
from ledger.usecases.recording.stage import Stage
from ledger.usecases.terms.draft import read_terms
from ledger.usecases.verifying.verify import verify
from tests.platform_files import read_orders as read_theirs
from tests.quarter import silent
from tests.soak.fuzz_base import (
    DEMO,
    NOW,
    PLATFORM,
    ROOT,
    OnBook,
    as_bytes,
    command,
    every,
    odd,
)

DECIDED = 4
"""One input in so many is decided about; the others are read and staged."""
SHOWN = 64
"""One input in so many is asked by the command, which shows the answer."""
COMPARED = 512
"""One file of a platform in so many is compared with our lines."""
RECORDED = 1024
"""One input in so many is recorded, in a copy of the book."""
TERMS = sorted((ROOT / "ledger" / "programs").glob("*/terms.toml"))


class Facts(OnBook):
    """Files that `record` takes; the first byte of an input chooses the type of rows that name
    none."""

    NAME: ClassVar[str]
    TYPES: ClassVar[list[str | None]] = [None, *sorted(FACTS)]

    def one(self, data: bytes) -> None:
        kind = self.TYPES[data[0] % len(self.TYPES)] if data else None
        path = self.folder / self.NAME
        path.write_bytes(data[1:])
        if every(data, DECIDED):
            answer = record(
                self.book, [str(path)], now=NOW, by="fuzz", default_type=kind, dry_run=True
            )
            json.dumps(answer.as_json())
        else:
            stage = Stage()
            with Helper(False) as helper:
                read_file(stage, str(path), NOW, kind, silent, helper)
            json.dumps([one.as_json() for one in stage.rejections])
        given = ("--type", kind) if kind else ()
        if every(data, SHOWN):
            form = ("table", "json", "csv")[len(data) % 3]
            shown = ("--format", form, "--book", str(self.path))
            command("record", str(path), "--dry-run", *given, *shown)
        if every(data, RECORDED):
            self._recorded(path, given)

    def _recorded(self, path: Path, given: tuple[str, ...]) -> None:
        """What is said to be recorded is, with one event of the call."""
        copy = str(self.copied())
        _, out, _ = command("record", str(path), *given, "--format", "json", "--book", copy)
        recorded = json.loads(out)["recorded"] if out else 0
        grown = recorded + 1 if recorded else 0
        book = open_book(copy, readonly=True)
        assert [one for one in verify(book, [], silent) if not one.ok] == []
        assert book.head().position == self.head.position + grown
        book.close()


class Ndjson(Facts):
    NAME = "facts.ndjson"

    def seeds(self) -> Iterator[bytes]:
        for fact in FACTS.values():
            yield b"\0" + as_bytes(json.dumps(fact.EXAMPLE, ensure_ascii=False) + "\n")
        for path in sorted(DEMO.glob("*.ndjson")):
            lines = path.read_bytes().splitlines(keepends=True)
            yield from (b"\0" + b"".join(lines[at : at + 4]) for at in range(0, 120, 12))

    def mutate(self, data: bytes, most: int, seed: int) -> bytes:
        """Half of the time a value, a key or a line; else bytes."""
        import atheris

        chance = random.Random(seed)
        if chance.random() < 0.5:
            lines = data[1:].split(b"\n")
            at = chance.randrange(len(lines))
            try:
                row = json.loads(lines[at])
            except (ValueError, RecursionError):
                row = None
            if isinstance(row, dict) and row:
                lines[at] = as_bytes(json.dumps(_spoilt(row, chance), ensure_ascii=False))
                return (data[:1] + b"\n".join(lines))[:most]
        return atheris.Mutate(data, len(data) and most)


def _spoilt(row: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    name = chance.choice(list(row))
    value: Any = odd(chance)
    match chance.randrange(6):
        case 0:
            value = chance.choice(
                [None, True, 0, -1, 1.5, 10**15 + 1, 10**40, [], {}, [[1]], {"a": {"b": []}}]
            )
        case 1 if isinstance(row[name], dict) and row[name]:
            return row | {name: _spoilt(row[name], chance)}
        case 2:
            del row[name]
            return row
        case 3:
            other = chance.choice(list(FACTS.values())).EXAMPLE
            name = chance.choice(list(other))
            value = other[name]
        case 4 if isinstance(row[name], list):
            value = [*row[name], value]
    return row | {name: value}


class Cells:
    """Mutations of CSV: a cell, a column or a row half of the time; else bytes."""

    FIRST: ClassVar[int] = 1
    """Bytes before the text."""

    def mutate(self, data: bytes, most: int, seed: int) -> bytes:
        import atheris

        chance = random.Random(seed)
        lines = data[self.FIRST :].split(b"\n")
        if chance.random() < 0.5 and len(lines) > 1:
            at = chance.randrange(len(lines))
            cells = lines[at].split(b",")
            place = chance.randrange(len(cells))
            match chance.randrange(5):
                case 0:
                    del cells[place]
                case 1:
                    cells.insert(place, as_bytes(odd(chance)))
                case 2:
                    cells[place] = b'"' + as_bytes(odd(chance)) + b'"'
                case 3:
                    lines.insert(at, lines[chance.randrange(len(lines))])
                case _:
                    cells[place] = as_bytes(odd(chance))
            lines[at] = b",".join(cells)
            return (data[: self.FIRST] + b"\n".join(lines))[:most]
        return atheris.Mutate(data, len(data) and most)


class Csv(Cells, Facts):
    NAME = "facts.csv"

    def seeds(self) -> Iterator[bytes]:
        for place, kind in enumerate(self.TYPES):
            if kind is not None:
                row = {n: v for n, v in FACTS[kind].EXAMPLE.items() if n != "type"}
                cells = [v if isinstance(v, str) else json.dumps(v) for v in row.values()]
                text = ",".join(row) + "\n" + ",".join(one.replace(",", ";") for one in cells)
                yield bytes([place]) + as_bytes(text + "\n")
        for path in sorted(DEMO.glob("0*.csv")):
            header, *lines = path.read_bytes().splitlines(keepends=True)
            yield from (b"\0" + header + b"".join(lines[at : at + 3]) for at in range(0, 60, 9))


class Orders(Cells, OnBook):
    """Order files as CSV."""

    CHECKED = 50

    def seeds(self) -> Iterator[bytes]:
        for path in (*DEMO.glob("orders-*.csv"), PLATFORM / "orders.csv"):
            header, *lines = path.read_bytes().splitlines(keepends=True)
            yield from (b"\0" + header + b"".join(lines[at : at + 3]) for at in range(0, 30, 9))

    def one(self, data: bytes) -> None:
        path = self.folder / "orders.csv"
        path.write_bytes(data[1:])
        read_orders(self, path, data)


def read_orders(target: OnBook, path: Path, data: bytes) -> None:
    """Read and checked; one file in some asks the archive what it would add."""
    if every(data, SHOWN):
        command("orders", str(path), "--dry-run", "--format", "json", "--book", str(target.path))
        return
    adds_up = data[:1] > b"\x7f"
    with_duckdb(
        target.folder,
        lambda database: read(database, [path], NOW, add_up_items=adds_up, within=target.folder),
    )


class Platform(Cells, OnBook):
    """A platform's CSV for `reconcile`; the first byte chooses the profile."""

    def seeds(self) -> Iterator[bytes]:
        for path in (*DEMO.glob("platform-*.csv"), *PLATFORM.glob("*-*.csv")):
            lines = path.read_bytes().splitlines(keepends=True)
            kind = bytes([2 if "income" in path.name else 1 if b"order_id" in lines[0] else 0])
            yield kind + b"".join(lines[:6])

    def one(self, data: bytes) -> None:
        path = str(self.folder / "platform.csv")
        Path(path).write_bytes(data[1:])
        match data[0] % 3 if data else 0:
            case 0:
                canonical.read(path)
                if every(data, COMPARED):
                    self._compared("recruiting-eu-jp-2026q1", path)
            case 1:
                if orderfile.is_by_order(path) and every(data, 4):
                    with_duckdb(self.folder, lambda base: orderfile.load(
                        base, path, str, flip_sign=False))  # fmt: skip
            case _:
                read_theirs(path, "tiktok-income", "D-03")

    def _compared(self, program: str, path: str) -> None:
        with self.book.reading() as connection:
            at = Clocks(NOW, self.head.position)
            against = Against(path, How(), flip_sign=False)
            found = against.compared(connection, program, None, at)
            json.dumps(found.as_json(full=True))


def with_duckdb(folder: Path, work: Any) -> None:
    """Something done in a database of DuckDB's own."""
    database = connect(folder, threads=1)
    try:
        work(database)
    finally:
        database.close()


class Terms(OnBook):
    """Terms as TOML: checked, tried and published."""

    LENGTH = 16384

    def seeds(self) -> Iterator[bytes]:
        yield from (path.read_bytes() for path in (*TERMS, *DEMO.glob("terms-*.toml")))

    def mutate(self, data: bytes, most: int, seed: int) -> bytes:
        """Mostly the value of a line, or lines; else bytes."""
        import atheris

        chance = random.Random(seed)
        if chance.random() < 0.3:
            return atheris.Mutate(data, len(data) and most)
        lines = data.split(b"\n")
        at = chance.randrange(len(lines))
        name, is_value, _ = lines[at].partition(b"=")
        value = as_bytes(odd(chance))
        match chance.randrange(6):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[chance.randrange(len(lines))])
            case 2 if is_value:
                lines[at] = name + b"= " + value
            case 3 if is_value:
                other = chance.choice(lines).partition(b"=")[2]
                lines[at] = name + b"=" + other
            case _ if is_value:
                text = json.dumps(odd(chance), ensure_ascii=chance.random() < 0.5)
                lines[at] = name + b"= " + as_bytes(text)
        return b"\n".join(lines)[:most]

    def one(self, data: bytes) -> None:
        path = self.folder / "terms.toml"
        path.write_bytes(data)
        edition = read_terms(str(path))
        if every(data, 8):
            program = edition.program if every(data, 16) else "recruiting-eu-jp-2026q1"
            period = ("2026-03",) if every(data, 32) else ()
            words = ("--terms", str(path), "--book", str(self.path))
            command("settle", "--format", "json", *words, "--", program, *period)
            copy = ("--by", "fuzz", "--format", "json", "--book", str(self.copied()))
            command("publish", str(path), *copy)
