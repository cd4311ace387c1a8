"""What is wrong with a file's form is said in our words, whatever library found it."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Duebook = Callable[..., Any]
HEADER = "order_id,store,created_at,amount,currency,traffic,channel,payment,category"
ROW = "o-1,S-1,2020-05-07T10:30:00+08:00,10.00,CNY,ad,other,online,x"
LIBRARY = re.compile(
    r"\w+Error\b|Invalid Input|a zip file|File is not|field limit|unexpected end|line contains"
    r"|CRC|Traceback|magic|expected after|\bCSV Error|errno|zlib|duckdb|\\n",
)
BROKEN = {
    "quote.csv": f'{HEADER}\n{ROW}\n"o-2,{ROW}\n'.encode(),
    "behind.csv": f'{HEADER}\n"o"x,{ROW}\n'.encode(),
    "short.csv": f"{HEADER}\no-1,S-1\n".encode(),
    "book.xlsx": b"PK\x03\x04rest",
    "a.parquet": b"PAR1 cut off in the middle",
    "a.csv.gz": gzip.compress(f"{HEADER}\n{ROW}\n".encode() * 50)[:-9],
    "b.csv.gz": gzip.compress(f"{HEADER}\n{ROW}\n".encode())[:-8] + b"12345678",
    "bytes.csv": f"{HEADER}\n{ROW.replace('x', 'é')}\n".encode("latin-1"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("command", ["orders", "record", "reconcile", "files"])
def test_no_message_shows_the_words_of_a_library(
    empty: Path, duebook: Duebook, command: str, name: str
) -> None:
    """Refused by every command that takes files, with what to do."""
    Path(name).write_bytes(BROKEN[name])
    words = [command, name]
    if command == "reconcile":
        words = [command, "technical-fee-2020", "2020-05", "--against", name]
    ran = duebook(*words)
    assert LIBRARY.search(ran.err) is None, ran.err
    assert ran.code in (0, 1) if command == "files" else ran.code == 1
    assert ran.err.count("\n") >= 1
