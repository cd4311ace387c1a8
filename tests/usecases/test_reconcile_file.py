"""Files of the platform that cannot be used: every problem with its row, and nothing recorded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.intake.platform.canonical import read
from ledger.intake.platform.rows import PlatformFile
from ledger.intake.problems import BadPlatformFile
from ledger.kernel.errors import MissingFile
from ledger.kernel.money import Money

GOOD = "line,amount,currency\np/S-1,2000.00,CNY\n"
Read = Callable[[str | bytes], PlatformFile]


@pytest.fixture
def reading(tmp_path: Path) -> Read:
    """Reads a file of that content."""

    def call(content: str | bytes) -> PlatformFile:
        path = tmp_path / "platform.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(str(path))

    return call


def refused(reading: Read, content: str | bytes) -> BadPlatformFile:
    """The refusal of a file, which says what to do next."""
    with pytest.raises(BadPlatformFile) as found:
        reading(content)
    assert found.value.hint
    assert "platform.csv" in found.value.sentence
    return found.value


def problems(refusal: BadPlatformFile) -> list[tuple[int, str]]:
    """Row and code of each problem."""
    found = refusal.facts["problems"]
    assert isinstance(found, list)
    return [(one["place"], one["code"]) for one in found]


def test_a_file_is_read_with_its_name_digest_and_rows(reading: Read) -> None:
    """Spaces around cells, a byte order mark, empty lines and quotes do not matter."""
    found = reading('\ufeff line , amount,currency,note\n\n"p/S-1", 2000 ,CNY,"a, b"\n,,,\n')
    (row,) = found.rows
    assert (found.name, len(found.sha256)) == ("platform.csv", 64)
    assert (row.place, row.line, row.store, row.kind) == (3, "p/S-1", None, None)
    assert (row.amount, row.other) == (Money(200_000, "CNY"), {"note": "a, b"})
    assert reading(GOOD).sha256 != found.sha256
    assert reading(GOOD).sha256 == reading(GOOD).sha256


def test_lines_may_end_as_on_any_system(reading: Read) -> None:
    """The rows are the same; the digest is that of the bytes."""
    one, other = reading(GOOD), reading(GOOD.replace("\n", "\r\n"))
    assert one.rows == other.rows
    assert one.sha256 != other.sha256


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(MissingFile, match=r"nowhere\.csv cannot be read"):
        read(str(tmp_path / "nowhere.csv"))


@pytest.mark.parametrize(
    ("header", "lacks", "near"),
    [
        ("line,amonut,currency", "amount", "'amonut' (did you mean 'amount'?)"),
        ("line,Amount,currency", "amount", "'Amount' (did you mean 'amount'?)"),
        ("line,amount,curency", "currency", "'curency' (did you mean 'currency'?)"),
        ("lines,amount,currency", "line (or store", "'lines' (did you mean 'line'?)"),
        ("stores,amount,currency", "line (or store", "'stores' (did you mean 'store'?)"),
        ("order_id,amount,currency", "store", "'order_id', 'amount', 'currency'"),
        ("amount,currency", "line (or store", "'amount', 'currency'"),
    ],
)
def test_a_header_that_lacks_a_column_names_the_nearest(
    reading: Read, header: str, lacks: str, near: str
) -> None:
    """What was expected, what stands there instead, and the whole header in the hint."""
    refusal = refused(reading, f"{header}\np/S-1,2000.00,CNY\n")
    assert f"platform.csv:1: the column {lacks}" in refusal.sentence
    assert near in refusal.sentence
    assert refusal.hint.startswith("The header names line, or store (and kind)")


@pytest.mark.parametrize(("sign", "name"), [(";", "';'"), ("\t", "tabs"), ("|", "'|'")])
def test_cells_that_are_not_separated_by_commas_are_said_to_be(
    reading: Read, sign: str, name: str
) -> None:
    """As `record` and `orders` say it; an empty file is no header that lacks a column."""
    refusal = refused(reading, sign.join(("line", "amount", "currency")) + "\n")
    assert refusal.sentence.endswith(f"the cells are separated by {name}.")
    assert refused(reading, "").sentence == "platform.csv is empty."


@pytest.mark.parametrize("doubled", ["amount", "line", "note"])
def test_a_doubled_column_is_refused(reading: Read, doubled: str) -> None:
    """Which of the two would count? Also for one that is only shown."""
    refusal = refused(reading, f"line,amount,currency,note,{doubled}\n")
    assert refusal.sentence == f"platform.csv:1: the column '{doubled}' appears twice."


def test_text_in_another_encoding_is_refused_with_the_byte(reading: Read) -> None:
    """Not guessed at: two encodings would give two lines."""
    refusal = refused(reading, "line,amount,currency\np/Ä,1.00,CNY\n".encode("latin-1"))
    assert "byte 24 is not UTF-8 text" in refusal.sentence


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00", "a ZIP file, as workbooks are"),
        (GOOD.encode("utf-16"), "UTF-16 text"),
        (b"\x1f\x8b\x08\x00", "a gzip file"),
    ],
    ids=["xlsx", "utf-16", "gzip"],
)
def test_a_file_of_another_format_is_named(reading: Read, raw: bytes, what: str) -> None:
    """By its first bytes, instead of as a header that makes no sense."""
    assert refused(reading, raw).sentence == f"platform.csv is {what}, not CSV."


def test_every_problem_is_named_with_its_row(reading: Read) -> None:
    """All of them at once, the good rows between them left out; codes are for scripts."""
    rows = [
        ("p/S-1,2000.00,CNY", None),
        ("p/S-2,2.0e3,CNY", "bad_amount"),
        ("p/S-3,2 000,CNY", "bad_amount"),
        ('p/S-4,"2,000.00",CNY', "bad_amount"),
        ("p/S-5,1.001,CNY", "bad_amount"),
        ("p/S-6,1.5,JPY", "bad_amount"),
        ("p/S-7,NaN,CNY", "bad_amount"),
        ("p/S-8,1234567890123456789,CNY", "bad_amount"),
        ("p/S-9,1.00,RMB", "unknown_currency"),
        ("p/S-10,1.00,cny", "unknown_currency"),
        ("p/S-11,,CNY", "missing_field"),
        ("p/S-12,1.00,", "missing_field"),
        (",1.00,CNY", "missing_field"),
        ("p/S-13,1.00", "invalid_field"),
        ("p/S-14,1.00,CNY,", "invalid_field"),
        ("p/S-15,-1.00,USD.AD", None),
    ]
    text = "\n".join(["line,amount,currency", *(row for row, _ in rows)])
    refusal = refused(reading, text)
    expected = [(place, code) for place, (_, code) in enumerate(rows, 2) if code]
    assert problems(refusal) == expected
    said = refusal.sentence.splitlines()
    assert said[0] == "14 rows of platform.csv cannot be used."
    assert [line.split(": ")[:2] for line in said[1:]] == [
        [f"platform.csv:{place}", code] for place, code in expected
    ]
    assert "found 2 cells, expected 3." in refusal.sentence


def test_of_very_many_problems_the_first_are_shown_and_all_are_data(reading: Read) -> None:
    """Twenty lines for people, the rest as a number; scripts get every one."""
    refusal = refused(reading, "line,amount,currency\n" + "p/S,x,CNY\n" * 25)
    said = refusal.sentence.splitlines()
    assert (len(said), said[-1]) == (22, "... and 5 more")
    assert len(problems(refusal)) == 25


@pytest.mark.parametrize(
    "text",
    [
        GOOD + 'p/S-2,"2000.00"x,CNY\n',
        GOOD + 'p/S-2,"2000.00,CNY\n',
        'line,"amount"x,currency\np/S-1,1.00,CNY\n',
        'line,amount,"currency\np/S-1,1.00,CNY\n',
        f"line,amount,currency,{'n' * 200_000}\n",
    ],
    ids=["after a quote", "open quote", "header", "open header", "long header"],
)
def test_quotes_that_do_not_close_are_refused(reading: Read, text: str) -> None:
    """Also in the header: a refusal with the place, never a crash."""
    refusal = refused(reading, text)
    assert "platform.csv:" in refusal.sentence


def test_a_row_that_names_an_order_needs_its_store(reading: Read) -> None:
    """An order alone leads to no line."""
    text = "order_id,store,amount,currency\n57649747061373,,1.00,CNY\n"
    assert problems(refused(reading, text)) == [(2, "missing_field")]
