"""`duebook evidence`: one file that an outsider checks with Python alone, or in a browser."""

import ast
import base64
import json
import re
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.store.book import open_book
from tests.cli.conftest import Ran
from tests.cli.packages import (
    FOUND_BY_CONTENT,
    KINDS,
    RELAID,
    SCRIPT,
    checked,
    listed_anew,
    packed,
    shipped,
    tampered,
    unpacked,
)
from tests.forging import forge_log, make_derived_anew, rebuild_read_models, replaced, run_sql
from tests.quarter import PROGRAM

Duebook = Callable[..., Ran]
File = Callable[..., str]
LINES_MAX = 200
SAID = ("--format", "json")
FACTS_OF_OTHERS = re.compile(r"partner:P-0[2-9]|\"P-0[2-9]\"")


@pytest.fixture
def key(busy: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The public key of whoever keeps the book, whose key signs from now on."""
    assert duebook("checkpoint", "--new-key", "a.key", "--name", "acme.example/finance").code == 0
    monkeypatch.setenv("DUEBOOK_KEY", "a.key")
    return busy.parent / "a.key.pub"


@pytest.fixture
def package(key: Path, duebook: Duebook) -> Path:
    """The quarter of the busy demo, signed."""
    ran = duebook("evidence", PROGRAM, "-o", "q.zip")
    assert ran.code == 0, ran.err
    return key.parent / "q.zip"


def of_payee(duebook: Duebook, payee: str = "partner:P-01") -> Path:
    ran = duebook("evidence", PROGRAM, "--payee", payee, "-o", "payee.zip", "--overwrite")
    assert ran.code == 0, ran.err
    return Path("payee.zip")


def test_a_package_holds_by_its_key_and_a_checkpoint_that_was_kept_before(
    key: Path, duebook: Duebook, file: File
) -> None:
    assert duebook("checkpoint", "-o", "kept.note").code == 0
    at = "2026-07-01T08:00:00Z"
    assert duebook("record", file([{"type": "StoreVerified", "at": at, "store": "S-9"}])).code == 0
    assert duebook("evidence", PROGRAM, "-o", "q.zip").code == 0
    result = checked(Path("q.zip"), "--key", key, "--checkpoint", "kept.note")
    assert (result.code, result.fails) == (0, {}), result.out
    assert "signed by acme.example/finance" in result.out


def test_the_same_book_and_question_give_the_same_bytes(package: Path, duebook: Duebook) -> None:
    before = package.read_bytes()
    assert duebook("evidence", PROGRAM, "-o", package, "--overwrite").code == 0
    assert package.read_bytes() == before


def test_its_first_line_says_that_order_files_are_not_in_it(package: Path) -> None:
    text = unpacked(package)["README.txt"].decode()
    assert text.startswith("The files of order lines are not in this package: it has their digests")


def test_it_has_what_the_book_says(package: Path, duebook: Duebook) -> None:
    files = unpacked(package)
    head = duebook("status", "--format", "json").json["head"]["position"]
    assert len(files["events.ndjson"].splitlines()) == head
    own = json.loads(files[f"statements/{PROGRAM},partner=P-01.json"])
    told = duebook("statement", f"{PROGRAM}/partner:P-01", "--format", "json").json
    for row in (*told["lines"], *told["adjustments"]):
        row.pop("explanation")
    same = ("fingerprint", "totals", "lines", "statements", "payments", "running", "seal")
    assert {name: own[name] for name in same} == {name: told[name] for name in same}
    assert {row["kind"] for row in json.loads(files["digests.json"])} == {"input", "orders"}


def test_every_line_is_explained_in_it(package: Path, duebook: Duebook) -> None:
    rows = [json.loads(row) for row in unpacked(package)["explanations.ndjson"].splitlines()]
    closed = {row["line"]: row["explanation"] for row in rows if "position" not in row}
    told = duebook("statement", PROGRAM, "--format", "json").json
    assert closed == {line["line"]: line["explanation"] for line in told["lines"]}
    (adjusted,) = [row for row in rows if "position" in row]
    assert adjusted["line"] == f"{PROGRAM}/S-1001"
    assert "not met: store open" in adjusted["explanation"]["observed"]


def test_a_payees_statement_in_it_is_to_the_byte_what_is_sent_to_them(
    busy: Path, duebook: Duebook
) -> None:
    files = unpacked(of_payee(duebook))
    name = f"statements/{PROGRAM},partner=P-01.json"
    told = duebook("statement", f"{PROGRAM}/partner:P-01", "--format", "json")
    assert files[name].decode() == told.out
    assert duebook("verify", "--statement", _written(files, name)).code == 0


def _written(files: dict[str, bytes], name: str) -> str:
    Path("statement.json").write_bytes(files[name])
    return "statement.json"


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_tampered_with_is_named(package: Path, key: Path, kind: str) -> None:
    files, name = tampered(unpacked(package), kind)
    result = checked(packed(files, package.with_name("other.zip")), "--key", key)
    assert result.code == 1
    assert name in result.fails["manifest"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_manifest_that_was_made_to_fit_is_not_signed(package: Path, key: Path, kind: str) -> None:
    files = listed_anew(tampered(unpacked(package), kind)[0])
    other = packed(files, package.with_name("other.zip"))
    assert "acme.example/finance" in checked(other, "--key", key).fails["manifest"]


@pytest.mark.parametrize("kind", FOUND_BY_CONTENT)
def test_what_contradicts_the_log_is_found_without_a_key_too(package: Path, kind: str) -> None:
    files = listed_anew(tampered(unpacked(package), kind)[0])
    result = checked(packed(files, package.with_name("other.zip")))
    assert result.code == 1
    assert set(result.fails) & set(FOUND_BY_CONTENT[kind]), result.out


def test_a_name_that_is_in_the_zip_twice_is_refused(package: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        other = packed(unpacked(package), package.with_name("b.zip"), again="terms.json")
    assert "terms.json is in the zip twice" in checked(other).fails["manifest"]


@pytest.mark.parametrize("change", ["", "{", "c2sp", "\0" * 40, "[" * 5000])
@pytest.mark.parametrize("name", ["MANIFEST", "checkpoint.note", "events.ndjson"])
def test_files_that_are_none_of_a_package_fail_in_words(
    package: Path, change: str, name: str
) -> None:
    files = unpacked(package) | {name: change.encode()}
    assert checked(packed(files, package.with_name("other.zip"))).code == 1


def test_a_log_that_was_made_anew_is_found_by_a_checkpoint_that_was_kept(
    package: Path, key: Path, duebook: Duebook
) -> None:
    assert duebook("checkpoint", "-o", "kept.note").code == 0
    book = open_book("duebook.db")
    forge_log(book, replaced("first-sale.v1", '"store":"S-1001"', '"store":"S-1002"'))
    with book.engine.begin() as connection:
        make_derived_anew(connection)
    rebuild_read_models(book)
    book.close()
    Path("a.key.last").unlink()
    assert duebook("evidence", PROGRAM, "-o", "forged.zip").code == 0
    assert checked(Path("forged.zip"), "--key", key).code == 0
    result = checked(Path("forged.zip"), "--key", key, "--checkpoint", "kept.note")
    assert "your checkpoint is not of" in result.fails["events"]


@pytest.mark.parametrize(
    "change", ["state = replace(state, '2000.00', '3000.00')", "at = at + 1", "batch = 'x'"]
)
def test_a_book_whose_chain_does_not_hold_proves_nothing(
    busy: Path, duebook: Duebook, change: str
) -> None:
    book = open_book("duebook.db")
    run_sql(book, f"UPDATE events SET {change} WHERE topic = 'statement-issued.v1'")
    book.close()
    ran = duebook("evidence", PROGRAM, "-o", "q.zip")
    assert ran.code == 5
    assert "this book proves nothing" in ran.err
    assert not Path("q.zip").exists()


@pytest.mark.parametrize("kind", RELAID)
def test_a_zip_that_readers_could_differ_on_is_refused(package: Path, kind: str) -> None:
    other = package.with_name("other.zip")
    other.write_bytes(RELAID[kind](package.read_bytes()))
    assert checked(other).code == 1


def test_what_a_reader_of_the_stream_would_see_more_of_is_refused(package: Path) -> None:
    """The directory says that a file ends before its stream does."""
    files = unpacked(package)
    target = package.with_name("other.zip")
    with zipfile.ZipFile(target, "w") as other:
        for name, content in files.items():
            more = content + b"and more" if name == "README.txt" else content
            other.writestr(name, more)
        entry = other.NameToInfo["README.txt"]
        entry.file_size, entry.CRC = len(files["README.txt"]), zlib.crc32(files["README.txt"])
    assert checked(target).code == 1


def test_a_stream_that_goes_on_behind_what_both_headers_say_is_refused(package: Path) -> None:
    files = unpacked(package)
    genuine = files["README.txt"]
    target = packed(files | {"README.txt": genuine + b"and more"}, package.with_name("other.zip"))
    with zipfile.ZipFile(target) as other:
        entry = other.NameToInfo["README.txt"]
        sizes = (entry.CRC, entry.compress_size, entry.file_size)
    forged = (zlib.crc32(genuine), entry.compress_size, len(genuine))
    raw = target.read_bytes()
    assert raw.count(struct.pack("<3I", *sizes)) == 2
    target.write_bytes(raw.replace(struct.pack("<3I", *sizes), struct.pack("<3I", *forged)))
    assert checked(target).code == 1


def test_a_name_cannot_write_on_the_terminal(package: Path, key: Path) -> None:
    files = unpacked(package) | {"\x1b[2Jfine\nfine\x1b[8m": b"x"}
    result = checked(packed(files, package.with_name("other.zip")), "--key", key)
    assert result.code == 1
    assert "\x1b" not in result.out


@pytest.mark.parametrize("option", ["--key", "--checkpoint"])
def test_an_empty_key_or_checkpoint_does_not_count_as_none(package: Path, option: str) -> None:
    package.with_name("empty").write_text("")
    assert checked(package, option, package.with_name("empty")).code == 1


def test_a_key_of_json_that_is_there_twice_is_refused(package: Path) -> None:
    files = unpacked(package)
    name = next(name for name in files if name.startswith("statements/"))
    files[name] = b'{"lines": [],' + files[name].lstrip()[1:]
    result = checked(packed(listed_anew(files), package.with_name("other.zip")))
    assert "twice" in result.fails["statements"]


@pytest.mark.parametrize("words", [["nothing.zip"], ["a.key.pub"], ["q.zip", "--kye", "x"], []])
def test_what_is_no_package_is_said_in_words(package: Path, words: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "Traceback" not in ran.stdout + ran.stderr


# For one payee.


def test_statements_and_payments_have_salts_so_that_a_neighbour_cannot_be_guessed(
    busy: Path, duebook: Duebook
) -> None:
    events = duebook("log", "--format", "json").json
    salts = [
        duebook("log", "--after", event["position"] - 1, "--limit", "1", *SAID).json[0]["salt"]
        for event in events
        if event["type"] in ("StatementIssued", "StatementAdjusted", "PaymentMade")
    ]
    assert len(salts) > 10
    assert len(set(salts)) == len(salts)
    assert all(re.fullmatch("[0-9a-f]{32}", salt) for salt in salts)


def test_a_payees_package_proves_no_facts(busy: Path, duebook: Duebook) -> None:
    files = unpacked(of_payee(duebook))
    proofs = [content.decode() for name, content in files.items() if name.startswith("proofs/")]
    topics = {
        json.loads(base64.b64decode(proof.split("\n")[1].removeprefix("extra ")))["topic"]
        for proof in proofs
    }
    assert topics == {
        "terms-published.v1",
        "period-closed.v1",
        "statement-issued.v1",
        "statement-adjusted.v1",
        "payment-made.v1",
    }


def test_a_payee_may_be_named_in_short(busy: Path, duebook: Duebook) -> None:
    assert of_payee(duebook).read_bytes() == of_payee(duebook, "P-01").read_bytes()


def test_a_payees_package_shows_nothing_of_other_payees(busy: Path, duebook: Duebook) -> None:
    files = unpacked(of_payee(duebook))
    assert "events.ndjson" not in files
    del files["verify.html"], files["verify.py"]
    for name, content in files.items():
        text = content.decode()
        if name.endswith(".proof"):
            said = json.loads(base64.b64decode(text.split("\n")[1].removeprefix("extra ")))
            text = json.dumps(said) + bytes.fromhex(said["state"]).decode()
        assert not FACTS_OF_OTHERS.search(text), name


def test_a_payees_package_holds_against_a_checkpoint_of_the_same_log_alone(
    busy: Path, duebook: Duebook, file: File
) -> None:
    assert duebook("checkpoint", "-o", "earlier.note").code == 0
    at = "2026-07-01T08:00:00Z"
    assert duebook("record", file([{"type": "StoreVerified", "at": at, "store": "S-9"}])).code == 0
    assert duebook("checkpoint", "-o", "kept.note").code == 0
    package = of_payee(duebook)
    assert checked(package, "--checkpoint", "kept.note").code == 0
    result = checked(package, "--checkpoint", "earlier.note")
    assert "yours is not checkpoint.note" in result.fails["proofs"]


@pytest.mark.parametrize("folder", ["proofs/", "statements/"])
def test_a_payees_package_that_was_tampered_with_is_found(
    busy: Path, duebook: Duebook, folder: str
) -> None:
    files = unpacked(of_payee(duebook))
    name = [name for name in files if name.startswith(folder)][-1]
    content = files[name].decode()
    if folder == "proofs/":
        extra = content.split("\n")[1].removeprefix("extra ")
        said = json.loads(base64.b64decode(extra))
        other = base64.b64encode(json.dumps(said | {"by": "else"}).encode()).decode()
        files[name] = content.replace(extra, other).encode()
    else:
        files[name] = content.replace("2000.00", "3000.00").encode()
    result = checked(packed(listed_anew(files), Path("other.zip")))
    assert name in result.fails["proofs" if folder == "proofs/" else "statements"]


@pytest.mark.parametrize(
    "words",
    [
        ("growth-2026-05",),
        (PROGRAM, "--payee", "partner:P-77"),
        ("technical-fee-2020", "2020-06"),
        ("nothing",),
    ],
)
def test_what_was_not_decided_has_no_evidence(
    busy: Path, duebook: Duebook, words: tuple[str, ...]
) -> None:
    ran = duebook("evidence", *words, "-o", "q.zip")
    assert ran.code in (1, 2)
    assert not Path("q.zip").exists()


@pytest.mark.parametrize("words", [(), ("-o", "q.json"), ("-o", "q.xlsx")])
def test_a_package_is_a_zip_file(busy: Path, duebook: Duebook, words: tuple[str, ...]) -> None:
    ran = duebook("evidence", PROGRAM, *words)
    assert ran.code == 2
    assert "A package is a zip file: -o FILE.zip" in ran.err
    assert not Path("".join(words[1:]) or "q.zip").exists()


def test_a_month_of_fees_by_order_is_packed_for_the_store_and_for_all(
    busy: Path, duebook: Duebook
) -> None:
    for more in ((), ("--payee", "store:D-01")):
        words = ("technical-fee-2020", "2020-05", *more, "-o", "fees.zip", "--overwrite")
        ran = duebook("evidence", *words)
        assert ran.code == 0, ran.err
        assert checked(Path("fees.zip")).code == 0


def test_lost_secrets_are_said_and_leave_the_lines_without_salts(
    busy: Path, duebook: Duebook
) -> None:
    Path("duebook.db.secrets").unlink()
    ran = duebook("evidence", PROGRAM, "-o", "q.zip")
    assert "without salts" in ran.err
    files = unpacked(Path("q.zip"))
    assert not any(name.startswith("lines/") for name in files)
    assert "without salts" in files["README.txt"].decode()
    assert checked(Path("q.zip")).code == 0


def test_kept_input_files_are_in_it_and_lost_ones_are_named(
    busy: Path, duebook: Duebook, file: File
) -> None:
    rows: list[dict[str, Any]] = [
        {"type": "StoreVerified", "at": "2026-07-01T08:00:00Z", "store": f"S-{number}"}
        for number in (9001, 9002)
    ]
    for row in rows:
        assert duebook("record", file([row], f"{row['store']}.ndjson"), "--keep-files").code == 0
    first, second = sorted(Path("duebook.db.files").iterdir())
    content = first.read_bytes()
    second.chmod(0o644)
    second.write_bytes(b"altered")
    ran = duebook("evidence", PROGRAM, "-o", "q.zip")
    files = unpacked(Path("q.zip"))
    assert files[f"files/{first.name}"] == content
    assert f"files/{second.name}" not in files
    assert "was kept and is missing or altered" in ran.err
    assert checked(Path("q.zip")).code == 0
    files[f"files/{first.name}"] = b"another"
    result = checked(packed(listed_anew(files), Path("other.zip")))
    assert "is not what it is called" in result.fails["manifest"]


# The script.


def test_the_script_is_short_and_needs_the_standard_library_alone() -> None:
    text = SCRIPT.read_text("utf-8")
    assert len(text.splitlines()) <= LINES_MAX
    imported = {
        alias.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported <= set(sys.stdlib_module_names)
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(ast.parse(text)))
    assert shipped() == SCRIPT.read_bytes()


def test_the_package_brings_the_script_and_the_page(package: Path) -> None:
    files = unpacked(package)
    assert files["verify.py"] == SCRIPT.read_bytes()
    assert files["verify.html"] == SCRIPT.with_suffix(".html").read_bytes()


def test_entries_have_no_time_or_rights_of_this_machine(package: Path) -> None:
    with zipfile.ZipFile(package) as opened:
        entries = opened.infolist()
    assert {(entry.date_time, entry.external_attr >> 16) for entry in entries} == {
        ((1980, 1, 1, 0, 0, 0), 0o100644)
    }


def test_a_package_is_not_written_over_the_book(busy: Path, duebook: Duebook) -> None:
    before = shutil.copy(busy, "before.db")
    ran = duebook("evidence", PROGRAM, "--format", "zip", "-o", "duebook.db", "--overwrite")
    assert ran.code in (1, 2)
    assert busy.read_bytes() == Path(before).read_bytes()
