"""Command lines and questions: what somebody types."""

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import click

from cli import commands
from cli.commands import serve
from cli.destination import INPUT, OUTPUT_FILE
from ledger.store.book import open_book
from projections.catalogue import VIEWS
from projections.sql.functions import NAMES
from projections.sql.query import query
from projections.sql.rows import Limits
from tests.soak.fuzz_base import DEMO, NOW, ODD, PLATFORM, OnBook, as_bytes, command, every

FILES = [
    *(str(path) for path in (*DEMO.glob("*.csv"), *DEMO.glob("*.ndjson"), *DEMO.glob("*.toml"))),
    *(str(path) for path in PLATFORM.glob("*.*") if path.suffix != ".py"),
    *("nosuch.csv", ".", "-", ""),
]
OUTPUTS = ["out.json", "out.csv", "out.xlsx", "out", ".", "duebook.db", "a/b", "-", "\udcff.json"]
WORDS = [word for word in ODD if len(word) < 1000 and word.isprintable()] + [
    *("recruiting-eu-jp-2026q1/S-1001", "recruiting-eu-jp-2026q1/partner:P-01", "store:S-1001"),
    *("technical-fee-2020", "2020-05", "samples-us-2024/R-31", "merchant:M-203", "partner:P-01"),
    *("stores", "gmv", "exceptions", "statements", "trial-balance", "entries", "close", "100"),
    *("GMVRecorded", "MerchantOnboarded", "Liabilities", "duebook", "canonical", "store=S-1001"),
    *("currency=CNY", "\udcff", "1:" + "0" * 64, "2026-06-30", "2027-01-01", "bank-1", "28000.00"),
]

COMMANDS = {name: commands.command(name) for name in commands.MODULES}
RECRUITING = "recruiting-eu-jp-2026q1"
PROGRAMS = [RECRUITING, "growth-2026-05", "technical-fee-2020", "samples-us-2024"]
FITTING = {
    "program": PROGRAMS,
    "period": ["2020-05", "2026-03"],
    "as_of": ["2026-06-30", "2026-10-01", "2026-03-01T00:00:00Z"],
    "known_at": ["100", "1600", "2026-11-01"],
    "line": [f"{RECRUITING}/S-1001", f"{RECRUITING}/S-1013", "technical-fee-2020/2020-05/D-03"],
    "payee": ["partner:P-01", "partner:P-02"],
    "statement": [f"{RECRUITING}/partner:P-01"],
    "amount": ["28000.00", "-1.50", "0"],
    "currency": ["CNY", "USD", "USD.AD"],
    "account": ["Assets", "Liabilities"],
    "stream": ["store:S-1001", "partner:P-01", "merchant:M-203", "request:R-31", "book:main"],
    "name": ["stores", "gmv", "exceptions", "statements", "reconciliation", "obligations"],
    "view": ["stores", "gmv"],
    "type_": ["StoreVerified", "GMVRecorded"],
    "zone": ["UTC", "Asia/Shanghai"],
    "position": ["40", "1500"],
    "withdraw": ["40", "1670"],
    "after": ["1000"],
    "limit": ["5"],
    "by": ["lin"],
    "reason": ["a reason"],
    "sql": ["select * from stores limit 2", "select store, amount from orders limit 2"],
    "timeout": ["1"],
    "max_rows": ["3"],
    "against": [str(DEMO / "platform-2026q1.csv"), str(DEMO / "platform-fees-2020-05.csv")],
    "terms": [str(path) for path in DEMO.glob("terms-*.toml")],
    "files": [str(DEMO / "after-close.ndjson"), str(DEMO / "orders-2020-05.csv")],
}
"""Values that get through to what a command does."""
SLOW = ("verify", "rebuild", "status")


class Arguments(OnBook):
    """Command lines drawn out of the commands' own options; what is recorded is taken back.

    An input is a row of choices, a byte each: so much of it is kept as still reaches further.
    """

    LENGTH = 64
    WORDS: ClassVar[list[str]] = []

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        serve._run = _not_for_ever

    def seeds(self) -> Iterator[bytes]:
        chance = random.Random(1)
        for number in range(5 * len(COMMANDS)):
            yield from (bytes([number]) + chance.randbytes(24) for _ in range(2))

    def one(self, data: bytes) -> None:
        words = drawn(data, str(self.path))
        command(*words)
        if self.book.head() != self.head or not self.path.exists():
            self._restored()
        if every(data, 16):
            self._swept()

    def _restored(self) -> None:
        self.book.close()
        for one in self.folder.glob("duebook.db*"):
            if one.is_file():
                one.unlink()
        shutil.copy(self.fresh, self.path)
        self.book = open_book(str(self.path))

    def _swept(self) -> None:
        for one in self.folder.iterdir():
            if one.is_file() and not one.name.startswith(("duebook.db", "fresh", "words")):
                one.unlink()


def _not_for_ever(*_: object) -> None:
    """In place of a server that runs until somebody stops it."""


class Choices:
    """Choices out of bytes; when they have run out, the first of all that there is."""

    def __init__(self, data: bytes) -> None:
        self.left = list(data)

    def among(self, several: list[Any]) -> Any:
        number = self.left.pop(0) if self.left else 0
        if len(several) > 256 and self.left:
            number = number * 256 + self.left.pop(0)
        return several[number % len(several)]


def drawn(data: bytes, book: str) -> list[str]:
    """A command line."""
    choices = Choices(data)
    known = sorted(COMMANDS)
    name = choices.among([*SLOW, *[one for one in known if one not in SLOW] * 5])
    words, arguments = [name], []
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, click.Argument):
            for _ in range(choices.among([1, 1, 1, 0, 2])):
                arguments.append(_value(parameter, choices))
        elif parameter.name == "book":
            words += ["--book", choices.among([*[book] * 12, "nosuch.db", "words", "", "a://b"])]
        elif parameter.required or choices.among([False, False, True]):
            option = choices.among(list(parameter.opts))
            if getattr(parameter, "is_flag", False):
                words.append(option)
            elif choices.among([True, True, True, True, False]):
                words += [option, _value(parameter, choices)]
            else:
                words.append(f"{option}={_value(parameter, choices)}")
    if choices.among([False] * 7 + [True]):
        arguments.insert(0, "--")
    return [*words, *arguments]


def _value(parameter: click.Parameter, choices: Choices) -> str:
    if parameter.name in FITTING and choices.among([True, True, True, False]):
        return str(choices.among(FITTING[parameter.name]))
    if parameter.type is OUTPUT_FILE:
        return str(choices.among(OUTPUTS))
    if choices.among([False] * 5 + [True]):
        text = bytes(choices.among([*range(256)]) for _ in range(choices.among([1, 2, 5])))
        typed = os.fsdecode(text).replace("/", "_").replace("\0", "0")
        return typed if parameter.type is not INPUT else "nosuch" + typed
    if parameter.type is INPUT:
        return str(choices.among(FILES))
    if isinstance(parameter.type, click.Choice) and choices.among([True] * 9 + [False]):
        return str(choices.among(list(parameter.type.choices)))
    return str(choices.among(WORDS)).replace("\0", "0")


class Query(OnBook):
    """Questions in SQL: out of a grammar, and mutated."""

    SECONDS = 0.25
    COLUMNS: ClassVar[list[str]] = sorted(
        {column.name for view in VIEWS.values() for column in view.table().columns}
    )
    WORDS: ClassVar[list[str]] = [*VIEWS, *COLUMNS, *NAMES, "orders", *ODD[:40]]

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.limits = Limits(self.SECONDS, 100)

    def seeds(self) -> Iterator[bytes]:
        for name in VIEWS:
            yield f"select * from {name} limit 3".encode()
        yield b"select store, sum(amount) from orders group by all"
        yield b"with recursive n(i) as (select 1 union all select i+1 from n) select * from n"
        chance = random.Random(1)
        yield from (as_bytes(Grammar(chance, self.COLUMNS).select(3)) for _ in range(300))

    def mutate(self, data: bytes, most: int, seed: int) -> bytes:
        """A third of the time another question of the grammar, or a piece of one; else bytes."""
        import atheris

        chance = random.Random(seed)
        grammar = Grammar(chance, self.COLUMNS)
        match chance.randrange(6):
            case 0:
                return as_bytes(grammar.select(3))[:most]
            case 1:
                words = data.split(b" ")
                words[chance.randrange(len(words))] = as_bytes(grammar.value(2))
                return b" ".join(words)[:most]
        return atheris.Mutate(data, len(data) and most)

    def one(self, data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape")
        if every(data, 64):
            form = ("table", "json", "csv")[len(data) % 3]
            words = ("--timeout", str(self.SECONDS), "--max-rows", "100", "--format", form)
            command("query", *words, "--book", str(self.path), "--", text)
        else:
            query(self.book, text, now=NOW, limits=self.limits)


class Grammar:
    """Questions that mostly parse, with what is forbidden among them."""

    def __init__(self, chance: random.Random, columns: list[str]) -> None:
        self.chance, self.columns = chance, columns

    def some(self, *several: Any) -> Any:
        return self.chance.choice(several)

    def select(self, deep: int) -> str:
        several = ", ".join(self.value(deep) for _ in range(self.chance.randint(1, 3)))
        text = f"select {self.some('', '', 'distinct ')}{several}"
        if self.chance.random() < 0.8:
            text += f" from {self.source(deep)}"
        for word, often in (("where", 0.4), ("group by", 0.3), ("having", 0.1), ("order by", 0.3)):
            if self.chance.random() < often:
                text += f" {word} {self.value(deep - 1)}"
        if self.chance.random() < 0.3:
            text += f" limit {self.value(0)}"
        if deep > 1 and self.chance.random() < 0.2:
            word = self.some("union", "union all", "except", "intersect")
            text += f" {word} {self.select(deep - 1)}"
        if self.chance.random() < 0.1:
            text = f"with {self.some('', 'recursive ')}t as ({text}) select * from t"
        return text

    def source(self, deep: int) -> str:
        if deep > 1 and self.chance.random() < 0.2:
            return f"({self.select(deep - 1)}) as s"
        own = [*VIEWS, "orders", "events", "sqlite_master", "t", "pg_class", "main.stores"]
        text = str(self.chance.choice(own))
        if self.chance.random() < 0.2:
            join = self.some("join", "left join", "cross join", ",")
            on = "" if join in (",", "cross join") else f" on {self.value(1)}"
            text += f" {join} {self.source(deep - 1)}{on}"
        return text

    def value(self, deep: int) -> str:
        if deep <= 0 or self.chance.random() < 0.3:
            quoted = str(self.chance.choice(ODD))[:50].replace("'", "''")
            return str(
                self.some(
                    "*", "1", "null", "-1", "1e400", "x'00'", f"'{quoted}'", "?1", ":a", "0x7f"
                )
                if self.chance.random() < 0.5
                else self.chance.choice(self.columns)
            )
        one, other = self.value(deep - 1), self.value(deep - 1)
        name = self.chance.choice([*sorted(NAMES), "load_extension", "pg_sleep", "read_csv"])
        return str(
            self.some(
                *(
                    f"{name}({one})",
                    f"{name}({one}, {other})",
                    f"{name}()",
                    f"count(distinct {one})",
                ),
                *(f"{one} + {other}", f"{one} || {other}", f"{one} = {other}", f"not {one}"),
                *(f"cast({one} as integer)", f"case when {one} then {other} end", f"({one})"),
                *(f"{one} in ({self.select(deep - 1)})", f"{one} between {other} and 1"),
                *(
                    f"{one} like {other}",
                    f"sum({one}) over (order by {other})",
                    f"-- {one}\n{other}",
                ),
                f"printf('%.*c', {9999999 if deep > 1 else 5}, {one})",
            )
        )
