"""`record --keep-files`: the files themselves, kept beside the book by content, and checked."""

import gzip
import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.commands.record import record as command
from ledger.kernel.errors import BookLocked
from ledger.usecases.recording import commit, files
from tests.cli.closing import JSON

Duebook = Callable[..., Any]
File = Callable[..., str]
AT = "2026-02-01T08:00:00Z"
CERTIFIED = {"type": "PartnerCertified", "at": AT, "partner": "P-1"}
VERIFIED = {"type": "StoreVerified", "at": AT, "store": "S-1"}
NO_ZONE = {**CERTIFIED, "at": "2026-02-01T08:00:00", "partner": "P-2"}
FOLDER = Path("duebook.db.files")


def digest_of(content: bytes) -> str:
    """The name under which a content is kept."""
    return hashlib.sha256(content).hexdigest()


def kept() -> dict[str, bytes]:
    """What lies in the folder, by its names; hidden files and folders too."""
    return {path.name: path.read_bytes() for path in FOLDER.iterdir()} if FOLDER.exists() else {}


def recorded_files(duebook: Duebook) -> tuple[bool | None, list[dict[str, Any]]]:
    """Whether the last call says in the log that its files are kept, and those files."""
    states = [row for row in duebook("log", "book:main", *JSON).json]
    batch = [row for row in states if row["type"] == "BatchRecorded"][-1]
    return batch.get("kept"), batch["files"]


def test_a_recorded_file_is_kept_to_the_byte_under_its_digest(
    empty: Path, duebook: Duebook, file: File
) -> None:
    names = [file([CERTIFIED], "a.ndjson"), file("\ufefftype,at,store\n", "b.csv")]
    Path("b.csv").write_bytes(
        b"\xef\xbb\xbftype,at,store\r\nStoreVerified,2026-02-01T08:00:00Z,S-1\r\n"
    )
    contents = [Path(name).read_bytes() for name in names]
    ran = duebook("record", *names, "--keep-files")
    assert ran.code == 0, ran.err
    assert "Kept 2 files in " in ran.out
    assert kept() == {digest_of(content): content for content in contents}
    said, listed = recorded_files(duebook)
    assert (said, [listed_file["sha256"] for listed_file in listed]) == (
        True,
        list(map(digest_of, contents)),
    )


def test_standard_input_is_kept_too(empty: Path, process: Callable[..., Any]) -> None:
    content = json.dumps(CERTIFIED).encode() + b"\n\n"
    ran = process("record", "-", "--keep-files", *JSON)
    out, err = ran.communicate(content.decode())
    assert ran.returncode == 0, err
    assert kept() == {digest_of(content): content}
    assert [Path(path).name for path in json.loads(out)["kept_files"]] == [digest_of(content)]


def test_a_packed_file_is_kept_as_it_came(empty: Path, duebook: Duebook) -> None:
    content = gzip.compress(json.dumps(CERTIFIED).encode() + b"\n")
    Path("a.ndjson.gz").write_bytes(content)
    assert duebook("record", "a.ndjson.gz", "--keep-files").code == 0
    assert kept() == {digest_of(content): content}


def test_kept_files_can_be_read_by_whoever_may_read_the_book(
    empty: Path, duebook: Duebook, file: File
) -> None:
    os.chmod("duebook.db", 0o640)
    assert duebook("record", file([CERTIFIED]), "--keep-files").code == 0
    (place,) = FOLDER.iterdir()
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert stat.S_IMODE(FOLDER.stat().st_mode) == 0o750


@pytest.mark.parametrize(
    ("facts", "options"),
    [([CERTIFIED, NO_ZONE], []), ([CERTIFIED], ["--dry-run"]), ([CERTIFIED], ["--strict"])],
)
def test_a_call_that_records_nothing_keeps_nothing(
    empty: Path, duebook: Duebook, file: File, facts: list[dict[str, Any]], options: list[str]
) -> None:
    if "--strict" in options:
        facts = [VERIFIED]  # with a warning: its store is not known
    ran = duebook("record", file(facts), "--keep-files", *options)
    assert "No file was kept: a call that records nothing keeps nothing." in ran.err
    assert not FOLDER.exists()


def test_known_facts_keep_no_file_again(empty: Path, duebook: Duebook, file: File) -> None:
    duebook("record", file([CERTIFIED]))
    ran = duebook("record", file([CERTIFIED]), "--keep-files")
    assert (ran.code, FOLDER.exists()) == (0, False)


def test_the_same_content_is_kept_once_however_often_it_comes(
    empty: Path, duebook: Duebook, file: File
) -> None:
    names = [file([CERTIFIED], "a.ndjson"), file([CERTIFIED], "b.ndjson")]
    assert duebook("record", *names, "--keep-files").code == 0
    assert len(kept()) == 1
    assert duebook("verify").code == 0


def test_a_write_that_fails_leaves_no_file(
    empty: Path, duebook: Duebook, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        assert len([path for path in FOLDER.iterdir() if path.is_file()]) == 1, "kept before"
        raise BookLocked("Somebody else writes.")

    monkeypatch.setattr(commit._Rows, "finish", locked)
    assert duebook("record", file([CERTIFIED]), "--keep-files").code != 0
    assert not FOLDER.exists()


def test_a_file_that_changes_between_reading_and_keeping_is_refused(
    empty: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.ndjson.gz").write_bytes(gzip.compress(json.dumps(CERTIFIED).encode() + b"\n"))
    finish = files.Watched.finish

    def changed(self: files.Watched) -> str:
        sha256 = finish(self)
        Path("a.ndjson.gz").write_bytes(b"something else")
        return sha256

    monkeypatch.setattr(files.Watched, "finish", changed)
    ran = duebook("record", "a.ndjson.gz", "--keep-files")
    assert (ran.code, "was changed while it was read" in ran.err) == (1, True)
    assert not FOLDER.exists()


def test_verify_names_what_is_missing_and_what_was_altered(
    empty: Path, duebook: Duebook, file: File
) -> None:
    names = [file([CERTIFIED], "a.ndjson"), file([VERIFIED], "b.ndjson")]
    duebook("record", *names, "--keep-files")
    first, second = (FOLDER / digest_of(Path(name).read_bytes()) for name in names)
    checks = {check["name"]: check for check in duebook("verify", *JSON).json["checks"]}
    assert checks["kept files"]["detail"] == "2 files with the recorded digest"
    first.unlink()
    second.write_bytes(second.read_bytes().replace(b"S-1", b"S-2"))
    ran = duebook("verify", *JSON)
    assert ran.code == 5
    assert "a file that it kept is not there as it was" in ran.err
    (failed,) = [check for check in ran.json["checks"] if not check["ok"]]
    assert f"{first.name} is missing; it is a.ndjson, kept at position" in failed["detail"]
    assert f"{second.name} was altered; it is b.ndjson, kept at position" in failed["detail"]


def test_a_book_that_keeps_no_files_has_no_such_check(
    empty: Path, duebook: Duebook, file: File
) -> None:
    duebook("record", file([CERTIFIED]))
    assert "kept files" not in duebook("verify").out
    assert recorded_files(duebook)[0] is None


def test_a_kept_file_that_was_altered_is_not_taken_for_the_one_to_keep(
    empty: Path, duebook: Duebook, file: File
) -> None:
    name = file([CERTIFIED])
    FOLDER.mkdir()
    place = FOLDER / digest_of(Path(name).read_bytes())
    place.write_text("something else")
    ran = duebook("record", name, "--keep-files")
    assert (ran.code, f"{place.name} is not the file" in ran.err) == (1, True)
    assert place.read_text() == "something else"


def test_no_answer_is_written_into_the_folder(empty: Path, duebook: Duebook, file: File) -> None:
    duebook("record", file([CERTIFIED]), "--keep-files")
    (place,) = FOLDER.iterdir()
    for name in (place, FOLDER / "new.json"):
        ran = duebook("status", *JSON, "-o", name, "--overwrite")
        assert (ran.code, "the folder of the files that the book keeps" in ran.err) == (1, True)
    other = duebook("init", "--book", "other.db")
    assert other.code == 0
    ran = duebook("status", "--book", "other.db", *JSON, "-o", place, "--overwrite")
    assert (ran.code, "belongs to a database" in ran.err) == (1, True)


@pytest.mark.parametrize("make", ["file", "link"])
def test_a_folder_that_cannot_be_made_is_refused(
    empty: Path, duebook: Duebook, file: File, make: str
) -> None:
    if make == "file":
        FOLDER.write_text("in the way")
    else:
        FOLDER.symlink_to("nowhere")
    ran = duebook("record", file([CERTIFIED]), "--keep-files")
    assert (ran.code, "cannot be written to" in ran.err) == (1, True)
    assert "record without --keep-files" in ran.err


def test_the_option_is_of_record_alone(duebook: Duebook) -> None:
    assert any("--keep-files" in parameter.opts for parameter in command.params)
    for words in (("orders", "x.csv"), ("reconcile", "P", "--against", "x.csv")):
        assert duebook(*words, "--keep-files").code == 2


def test_a_book_on_a_server_says_to_keep_them_oneself(
    new_database: Callable[[], str], here: Path, duebook: Duebook, file: File
) -> None:
    book = ("--book", new_database())
    assert duebook("init", *book).code == 0
    ran = duebook("record", file([CERTIFIED]), "--keep-files", *book)
    assert ran.code == 2
    assert "A book on a server has no folder beside it to keep files in." in ran.err
    assert "`duebook verify --file FILE` says whether the book was given one." in ran.err
    assert duebook("verify", "--file", "facts.ndjson", *book).code == 1
