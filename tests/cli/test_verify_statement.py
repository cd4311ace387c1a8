"""`verify --statement`: a statement that was sent out is checked, whatever was done to it."""

import io
import json
import shutil
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.busy import FIXTURES
from tests.cli.closing import JSON
from tests.cli.test_statement_page import LETTERHEAD, PROGRAM

Duebook = Callable[..., Any]
FORMS = ("html", "pdf", "xlsx", "json")
FACT = {"type": "StoreSuspended", "at": "2026-10-30T10:00:00+08:00", "store": "S-1004"}


def sent(duebook: Duebook, form: str, *words: str) -> str:
    """Writes a statement of the busy book, P-01's unless another is named; answers its path."""
    ran = duebook("statement", *(words or ("P-01",)), "-o", f"s.{form}", "--overwrite")
    assert ran.code == 0, ran.err
    return f"s.{form}"


def check(duebook: Duebook, path: str, *words: str) -> tuple[int, bool, str]:
    """The exit code, and of the file's check whether it holds and what it says."""
    ran = duebook("verify", "--statement", path, *words, *JSON)
    (row,) = [row for row in ran.json["checks"] if row["name"] == f"statement {path}"]
    assert ran.json["ok"] == (ran.code == 0)
    return ran.code, row["ok"], row["detail"]


def altered(path: str, old: str, new: str, times: int = 1) -> None:
    """Has a file say something else in its place."""
    content = Path(path).read_bytes()
    assert old.encode() in content, f"{path} has no {old}"
    Path(path).write_bytes(content.replace(old.encode(), new.encode(), times))


def repacked(
    path: str, change: Callable[[str, str], str], more: Mapping[str, str] | None = None
) -> None:
    """Writes a workbook anew with other parts."""
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name).decode()))
        for name, text in (more or {}).items():
            new.writestr(name, text)
    Path(path).write_bytes(packed.getvalue())


def _pdf_with(path: str, old: bytes, new: bytes) -> None:
    """Has a PDF print otherwise, as an editor would."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(path))
    writer.pages[0].compress_content_streams()
    text = writer.pages[0].get_contents()
    assert text is not None
    text.set_data(text.get_data().replace(old, new, 1))
    writer.write(path)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("words", [("P-01",), (PROGRAM, "--payee", "P-02")], ids=" ".join)
def test_a_statement_as_it_was_sent_is_this_books(
    words: tuple[str, ...], form: str, busy: Path, duebook: Duebook
) -> None:
    """Named by its id, its party, or its program and payee."""
    path = sent(duebook, form, *words)
    code, ok, detail = check(duebook, path)
    assert (code, ok) == (0, True)
    assert detail.endswith("to the byte what this book prints")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("languages", [["zh"], ["zh", "en"]], ids=" ".join)
def test_its_languages_are_those_of_the_file(
    languages: list[str], form: str, busy: Path, duebook: Duebook
) -> None:
    """The letterhead of now may name others."""
    Path("letterhead.toml").write_text(f"languages = {languages}\n", encoding="utf-8")
    path = sent(duebook, form)
    Path("letterhead.toml").unlink()
    code, _, detail = check(duebook, path)
    assert (code, "to the byte" in detail) == (0, True)


def test_an_amount_altered_in_a_page_is_named(busy: Path, duebook: Duebook) -> None:
    path = sent(duebook, "html")
    altered(path, '<td class="n">26,000.00</td>', '<td class="n">96,000.00</td>')
    assert check(duebook, path) == (
        *(5, False, "Due: 96,000.00 in the file, 26,000.00 in the book"),
    )
    said = duebook("verify", "--statement", path).err
    assert "The book holds; it does not show that it issued s.html as it is here." in said


def test_an_amount_altered_in_json_is_named(busy: Path, duebook: Duebook) -> None:
    path = sent(duebook, "json")
    altered(path, '"due": "26000.00"', '"due": "96000.00"')
    detail = f"statements, {PROGRAM}/partner:P-01, due: 96000.00 in the file, 26000.00 in the book"
    assert check(duebook, path) == (5, False, detail)


def test_an_amount_altered_in_a_workbook_is_named(busy: Path, duebook: Duebook) -> None:
    path = sent(duebook, "xlsx")
    repacked(path, lambda name, text: text.replace("<v>26000</v>", "<v>96000</v>"))
    assert check(duebook, path) == (
        *(5, False, "Statement G11, Due: 96,000.00 in the file, 26,000.00 in the book"),
    )


def test_a_formula_altered_in_a_workbook_is_named(busy: Path, duebook: Duebook) -> None:
    """The figure that it has beside it is the true one, until somebody's program calculates."""
    path = sent(duebook, "xlsx")
    repacked(path, lambda name, text: text.replace(">ROUND(SUMIFS(", ">99000+ROUND(SUMIFS("))
    code, ok, detail = check(duebook, path)
    assert (code, ok) == (5, False)
    assert detail.startswith("the formula of Statement G33, Total: =99000+ROUND")


def test_a_pdf_that_was_altered_is_not_verified(busy: Path, duebook: Duebook) -> None:
    """By its bytes, and it is said that nothing else of it is compared."""
    path = sent(duebook, "pdf")
    _pdf_with(path, b" Tj", b" Tj 1 0 0 rg")
    code, ok, detail = check(duebook, path)
    assert (code, ok) == (5, False)
    assert detail.startswith("it is not to the byte what this book prints, and a PDF cannot be")


@pytest.mark.parametrize("form", FORMS)
def test_an_altered_fingerprint_is_not_the_books(form: str, busy: Path, duebook: Duebook) -> None:
    path = sent(duebook, form)
    answer = duebook("statement", "P-01", *JSON).json
    digest = answer["fingerprint"]["sha256"]
    other = "0" * 64
    if form == "xlsx":
        repacked(path, lambda name, text: text.replace(digest, other))
    else:
        altered(path, digest, other, 2)  # a PDF has it in both of its metadata
    code, ok, detail = check(duebook, path)
    assert (code, ok) == (5, False)
    assert detail.startswith("its fingerprint is not that of this book's statement")


@pytest.mark.parametrize("form", FORMS)
def test_a_statement_of_another_book_is_said_to_be(
    form: str, busy: Path, here: Path, duebook: Duebook
) -> None:
    path = sent(duebook, form)
    assert duebook("init", "--demo", "--book", "other.db").code == 0
    code, ok, detail = check(duebook, path, "--book", "other.db")
    assert (code, ok) == (5, False)
    assert detail.startswith("it is of another book, duebook.book/")


def test_a_book_that_was_restored_from_a_backup_is_older_than_the_file(
    busy: Path, duebook: Duebook, file: Callable[..., str]
) -> None:
    shutil.copytree(busy.parent, busy.parent / "backup")
    assert duebook("record", file([FACT])).code == 0
    path = sent(duebook, "json")
    code, ok, detail = check(duebook, path, "--book", "backup/duebook.db")
    assert (code, ok) == (5, False)
    assert detail.startswith("it is of position 1,695; the log ends at 1,693: the book is older")


def test_a_statement_that_was_never_issued_is_said_to_be_none(busy: Path, duebook: Duebook) -> None:
    """A made-up id, and a position before its close."""
    path = sent(duebook, "html")
    altered(path, ' recruiting-eu-jp-2026q1/partner:P-01">', ' made-up/partner:P-01">')
    code, _, detail = check(duebook, path)
    assert (code, "had not issued it by position 1,693: There is no" in detail) == (5, True)
    path = sent(duebook, "html")
    altered(path, " known-at=1693 ", " known-at=12 ")
    code, _, detail = check(duebook, path)
    assert (code, "had not issued it by position 12: There is no" in detail) == (5, True)


@pytest.mark.parametrize("form", FORMS)
def test_another_letterhead_is_dress(form: str, busy: Path, duebook: Duebook) -> None:
    """All below it is what the book prints; of a PDF only under the letterhead of then."""
    Path("old.toml").write_text(LETTERHEAD, encoding="utf-8")
    path = sent(duebook, form, "P-01", "--letterhead", "old.toml")
    code, ok, detail = check(duebook, path)
    if form == "pdf":
        assert (code, ok) == (5, False)
    else:
        assert (code, ok) == (0, True)
        same = (
            "to the byte" if form == "json" else "under another letterhead: Acme 平台, 12 Harbour"
        )
        assert same in detail
    code, _, detail = check(duebook, path, "--letterhead", "old.toml")
    assert (code, "to the byte" in detail) == (0, True)


@pytest.mark.parametrize("form", FORMS)
def test_a_later_adjustment_leaves_an_old_file_as_it_was(
    form: str, busy: Path, duebook: Duebook, file: Callable[..., str]
) -> None:
    """At its own clocks; that the statement moved since is said."""
    path = sent(duebook, form)
    assert duebook("record", file([FACT])).code == 0
    paid = ("--amount", "1", "--currency", "CNY", "--ref", "r-2", "--by", "lin")
    assert duebook("pay", "P-01", *paid).code == 0
    code, _, detail = check(duebook, path)
    assert (code, "to the byte" in detail) == (0, True)
    assert detail.endswith("; adjusted or paid since, at position 1,696")


def test_a_statement_asked_as_of_a_day_is_asked_as_of_it_again(
    busy: Path, duebook: Duebook
) -> None:
    path = sent(duebook, "html", "P-01", "--as-of", "2027-01-01")
    assert "as-of=2027-01-01T" in Path(path).read_text(encoding="utf-8")
    assert check(duebook, path)[0] == 0


def test_without_the_typesetter_a_pdf_cannot_be_checked(
    busy: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sent(duebook, "pdf")
    monkeypatch.setitem(sys.modules, "typst", None)
    ran = duebook("verify", "--statement", path)
    assert (ran.code, "pip install 'duebook[pdf]'" in ran.err) == (2, True)


def test_each_file_has_a_check_and_the_kept_result_stays_the_books_own(
    busy: Path, duebook: Duebook
) -> None:
    """`status` says that the book was verified: a file that does not hold is no fault of it."""
    good, bad = sent(duebook, "html"), sent(duebook, "json")
    altered(bad, '"due": "26000.00"', '"due": "96000.00"')
    ran = duebook("verify", "--statement", good, "--statement", bad, *JSON)
    rows = {row["name"]: row["ok"] for row in ran.json["checks"]}
    assert (ran.code, rows["statement s.html"], rows["statement s.json"]) == (5, True, False)
    verified = duebook("status", *JSON).json["verified"]
    assert verified["ok"] is True


def test_the_fingerprint_is_the_same_in_every_form_and_can_be_computed_from_the_json(
    busy: Path, duebook: Duebook
) -> None:
    """It is of named fields: one that a later version adds changes nothing."""
    from ledger.usecases.statements.fingerprint import fingerprint_of

    answer = json.loads(Path(sent(duebook, "json")).read_text(encoding="utf-8"))
    of = answer["fingerprint"]
    more = answer | {"added": 1, "lines": [line | {"added": 1} for line in answer["lines"]]}
    assert fingerprint_of(more, of["book"], of["statement"]) == of["sha256"]
    answer["lines"][0]["amount"] = "9.00"
    assert fingerprint_of(answer, of["book"], of["statement"]) != of["sha256"]
    for form in ("html", "pdf"):
        assert of["sha256"].encode() in Path(sent(duebook, form)).read_bytes()


def test_a_letterhead_without_a_statement_is_refused(busy: Path, duebook: Duebook) -> None:
    ran = duebook("verify", "--letterhead", FIXTURES / "x.toml")
    assert (ran.code, "--letterhead goes with --statement" in ran.err) == (2, True)
