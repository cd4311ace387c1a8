"""The page that every package brings is a second verifier, in another language and written from
`docs/reference/log-format.md` alone. It comes to what the product does: over that document's own
small log, over what the commands write, and over packages, whole and tampered with."""

import base64
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.commands import ran
from tests.browser.conftest import FIXTURES, Look
from tests.browser.opened import violations
from tests.cli.packages import (
    FOUND_BY_CONTENT,
    KINDS,
    RELAID,
    listed_anew,
    packed,
    tampered,
    unpacked,
)
from tests.marks import more
from tests.reference.pages import REFERENCE

pytestmark = more
QUARTER = "recruiting-eu-jp-2026q1"
PATIENCE = 60_000
"""Milliseconds."""
PAGE = Path(__file__).parents[2] / "projections" / "evidence" / "verify.html"


class Verifier:
    """The page, opened from the disk."""

    def __init__(self, look: Look) -> None:
        self.opened = look(PAGE.as_uri())
        self.page = self.opened.page

    def ask(self, function: str, *arguments: Any) -> Any:
        """What a function of it returns."""
        called = f"(given) => window.verifier.{function}(...given)"
        return self.page.evaluate(called, list(arguments))


@pytest.fixture
def verifier(look: Look) -> Verifier:
    return Verifier(look)


@pytest.fixture(scope="module")
def vectors() -> Any:
    text = (REFERENCE / "log-format.md").read_text("utf-8")
    return json.loads(text.partition("```json\n")[2].partition("```")[0])


def test_hashes_leaves_and_roots_are_those_of_the_page(verifier: Verifier, vectors: Any) -> None:
    worked_out = verifier.ask("log", vectors["events"])
    assert worked_out == {name: vectors[name] for name in ("hashes", "leaves", "roots")}


def test_the_notes_and_proofs_of_the_page_hold(verifier: Verifier, vectors: Any) -> None:
    log_key, cosigning_key = vectors["keys"]
    assert verifier.ask("signed", vectors["checkpoint"], log_key) is True
    assert verifier.ask("signed", vectors["checkpoint"], cosigning_key) == vectors["cosigned_at"]
    assert verifier.ask("signed", vectors["earlier_checkpoint"], log_key) is None
    proof = verifier.ask("fact", vectors["proof_of_fact"], vectors["checkpoint"])
    assert proof["holds"] is True
    assert json.loads(proof["state"]) == {"store": "商店"}
    shown = verifier.ask("lines", vectors["proof_of_lines"], vectors["checkpoint"])
    assert shown == {"holds": True, "whole": True, "lines": ["p/商店", "p/S-2"]}
    growth = (vectors["proof_of_growth"], vectors["earlier_checkpoint"])
    assert verifier.ask("growth", *growth) is True


def altered(proof: str, change: Callable[[dict[str, Any]], None]) -> str:
    """A proof whose extra data say something else."""
    extra = next(line for line in proof.split("\n") if line.startswith("extra "))
    said = json.loads(base64.b64decode(extra.removeprefix("extra ")))
    change(said)
    other = base64.b64encode(json.dumps(said).encode()).decode()
    return proof.replace(extra, f"extra {other}")


def test_what_was_altered_does_not_hold(verifier: Verifier, vectors: Any) -> None:
    forged = altered(vectors["proof_of_fact"], lambda said: said.update(by="somebody else"))
    assert verifier.ask("fact", forged, vectors["checkpoint"])["holds"] is False
    larger = vectors["checkpoint"].replace("\n6\n", "\n7\n", 1)
    assert verifier.ask("signed", larger, vectors["keys"][0]) is False
    lines = altered(
        vectors["proof_of_lines"], lambda said: said["lines"]["rows"][0].update(salt="00" * 16)
    )
    assert verifier.ask("lines", lines, vectors["checkpoint"])["holds"] is False
    other = vectors["earlier_checkpoint"].split("\n")
    other[2] = base64.b64encode(bytes(32)).decode()
    assert verifier.ask("growth", vectors["proof_of_growth"], "\n".join(other)) is False


def test_what_the_commands_write_holds(
    verifier: Verifier,
    demo_template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copytree(demo_template, tmp_path, dirs_exist_ok=True)
    names = ("finance.key", "before.note", "after.note", "fact.proof", "grown.proof", "p-02.proof")
    key, before, after, fact, grown, statement = (tmp_path / name for name in names)
    book = ("--book", tmp_path / "duebook.db")
    ran("checkpoint", "--new-key", key, "--name", "acme.example/finance")
    monkeypatch.setenv("DUEBOOK_KEY", str(key))
    ran("checkpoint", *book, "-o", before)
    ran("record", *book, FIXTURES / "shops-2020.ndjson")
    ran("close", QUARTER, "--by", "lin", "--leave-open", "--reason", "late", "--yes", *book)
    ran("checkpoint", *book, "-o", after)
    ran("proof", "statement", "P-02", *book, "-o", statement)
    ran("proof", "fact", "100", *book, "-o", fact)
    ran("proof", "between", before, after, *book, "-o", grown)
    earlier, later = (path.read_text("utf-8") for path in (before, after))
    assert verifier.ask("signed", later, Path(f"{key}.pub").read_text("utf-8")) is True
    assert verifier.ask("fact", fact.read_text("utf-8"), later)["holds"] is True
    shown = verifier.ask("lines", statement.read_text("utf-8"), later)
    assert shown["holds"]
    assert shown["whole"]
    assert verifier.ask("growth", grown.read_text("utf-8"), earlier) is True
    assert verifier.ask("growth", grown.read_text("utf-8"), later) is False


def checked(verifier: Verifier, package: Path, key: Path | None, kept: Path | None) -> list[str]:
    """What the page shows of a package, with a click: its summary, and a line per check."""
    page = verifier.page
    files = {"package": package, "key": key, "kept": kept}
    for name, path in files.items():
        page.locator(f"#{name}").set_input_files([] if path is None else [str(path)])
    page.get_by_role("button", name="Check", exact=True).click()
    done = re.compile("holds|fail|cannot")
    expect(page.locator("#summary")).to_have_text(done, timeout=PATIENCE)
    return [page.locator("#summary").inner_text(), *page.locator("#results li").all_inner_texts()]


@pytest.fixture
def package(
    busy_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path, Path]:
    """A signed package, the key that signed it, and a checkpoint that was kept."""
    shutil.copytree(busy_template, tmp_path, dirs_exist_ok=True)
    book, key = ("--book", tmp_path / "duebook.db"), tmp_path / "finance.key"
    ran("checkpoint", "--new-key", key, "--name", "acme.example/finance")
    monkeypatch.setenv("DUEBOOK_KEY", str(key))
    ran("checkpoint", *book, "-o", tmp_path / "kept.note")
    ran("evidence", QUARTER, *book, "-o", tmp_path / "q.zip")
    ran("evidence", QUARTER, "--payee", "P-01", *book, "-o", tmp_path / "payee.zip")
    return tmp_path / "q.zip", Path(f"{key}.pub"), tmp_path / "kept.note"


def test_a_package_holds_in_the_page(verifier: Verifier, package: tuple[Path, Path, Path]) -> None:
    quarter, key, kept = package
    for file in (quarter, quarter.with_name("payee.zip")):
        summary, *results = checked(verifier, file, key, kept)
        assert (summary, len(results)) == ("All holds.", 5), results
        assert "signed by acme.example/finance" in results[0]


def test_the_page_names_what_was_tampered_with(
    verifier: Verifier, package: tuple[Path, Path, Path]
) -> None:
    quarter, key, kept = package
    files, other = unpacked(quarter), quarter.with_name("other.zip")
    for kind in KINDS:
        changed, name = tampered(files, kind)
        summary, manifest, *_ = checked(verifier, packed(changed, other), key, kept)
        assert "fail" in summary
        assert name in manifest, kind
        if kind in FOUND_BY_CONTENT:
            results = checked(verifier, packed(listed_anew(changed), other), None, None)
            assert "fail" in results[0], kind
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = packed(files, other, again="terms.json")
    assert "terms.json is in the zip twice" in checked(verifier, twice, key, kept)[1]


@pytest.mark.parametrize("kind", RELAID)
def test_the_page_refuses_a_zip_that_readers_could_differ_on(
    verifier: Verifier, package: tuple[Path, Path, Path], kind: str
) -> None:
    quarter, key, kept = package
    other = quarter.with_name("other.zip")
    other.write_bytes(RELAID[kind](quarter.read_bytes()))
    summary, *_ = checked(verifier, other, key, kept)
    assert "cannot be checked" in summary


def test_the_page_says_where_a_checkpoint_is_of_another_log(
    verifier: Verifier, package: tuple[Path, Path, Path], vectors: Any
) -> None:
    quarter, key, _ = package
    other = quarter.with_name("other.note")
    other.write_text(vectors["checkpoint"], "utf-8")
    _, *results = checked(verifier, quarter, key, other)
    assert "your checkpoint is not of the 6 events here" in results[1]


def test_the_page_can_open_no_connection(verifier: Verifier) -> None:
    with pytest.raises(Exception, match="Failed to fetch"):
        verifier.page.evaluate("fetch('https://example.org/')")


def test_the_page_can_be_used_by_everybody(verifier: Verifier, package: tuple[Path, ...]) -> None:
    checked(verifier, *package)
    assert violations(verifier.opened) == ""
