"""A second verifier, in another language and from `docs/reference/log-format.md` alone, comes to
what the product does: over the page's own small log, and over what the commands write."""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.commands import ran
from tests.browser.conftest import FIXTURES, Look
from tests.marks import more
from tests.reference.pages import REFERENCE

pytestmark = more
QUARTER = "recruiting-eu-jp-2026q1"
SCRIPT = Path(__file__).with_name("second_verifier.js")


class Verifier:
    """The script in a page of a secure address, which is what browsers give Ed25519 to."""

    def __init__(self, look: Look, site: str) -> None:
        self.page = look(f"{site}/").page
        self.page.evaluate(SCRIPT.read_text("utf-8"))

    def ask(self, function: str, *arguments: Any) -> Any:
        """What a function of it returns."""
        called = f"(given) => window.verifier.{function}(...given)"
        return self.page.evaluate(called, list(arguments))


@pytest.fixture
def verifier(look: Look, site: str) -> Verifier:
    return Verifier(look, site)


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
