"""What `explain` says, to the letter: a text per program, outcome, and way of reaching it.

Each file `explain/NAME.txt` opens with a command; the rest is what it prints. The facts of the
books lie beside them: `RULES.ndjson`, order lines `RULES.csv`, terms published last `RULES.toml`.
To add a text, write a file with its command alone. After a change that is meant, write all of
them again and read what git says has changed:

    DUEBOOK_GOLDEN=write .venv/bin/python -m pytest tests/golden/test_explain.py
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import run
from ledger.programs.edition import Edition
from ledger.programs.registry import shipped

FOLDER = Path(__file__).parent / "explain"
TEXTS = sorted(FOLDER.glob("*.txt"))
PROMPT = "$ duebook "
DIGEST = re.compile(r"\(sha256:[0-9a-f]+\.\.\.\)")
"""The digest of the terms: it changes with every word of theirs, which is shown elsewhere."""
ARCHIVED = re.compile(r"[0-9-]{10} [0-9:]{8} \+08:00(?=  OrdersArchived)")
"""When orders were archived: the moment of the test."""
OUTCOMES = {
    "affiliate_commission": {"payable", "declined", "held"},
    "growth": {"payable", "declined", "held"},
    "recruiting": {"payable", "declined", "held"},
    "service_agreement": {"payable", "declined", "held"},
    "star_map": {"payable", "held"},
    "technical_fee": {"payable", "held"},
}
WITHOUT_TEXTS = {
    *("account_binding", "pid_binding", "partner_admission", "shop_admission", "store_deposit"),
    "store_samples",
}
"""Programs whose explanations are pinned by their worked cases alone, or that have no lines."""


def command_of(text: str) -> list[str]:
    """The arguments of the command that a text opens with."""
    first = text.splitlines()[0]
    assert first.startswith(PROMPT + "explain "), first
    return first.removeprefix(PROMPT).split()


def edition_of(text: str) -> Edition:
    """The shipped edition whose line a text explains."""
    program = command_of(text)[1].partition("/")[0]
    return next(one for one in shipped() if one.program == program)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_explain_says_what_it_always_said(
    path: Path,
    folder_of: Callable[[Edition], Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The tree, the facts and the talk under it, word by word; only digest and moment are left out.

    `DUEBOOK_GOLDEN=write` writes the texts instead of comparing them.
    """
    text = path.read_text(encoding="utf-8")
    monkeypatch.chdir(folder_of(edition_of(text)))
    monkeypatch.delenv("DUEBOOK_BOOK", raising=False)
    capsys.readouterr()
    assert run(command_of(text)) == 0
    printed = "".join(capsys.readouterr())
    printed = ARCHIVED.sub("(moment)", DIGEST.sub("(digest)", printed))
    said = text.splitlines()[0] + "\n" + printed
    if os.environ.get("DUEBOOK_GOLDEN") == "write":
        path.write_text(said, encoding="utf-8")
    assert said == path.read_text(encoding="utf-8")


def test_every_outcome_of_every_program_has_a_text() -> None:
    """A program that comes later brings its own texts."""
    found: dict[str, set[str]] = {}
    for path in TEXTS:
        text = path.read_text(encoding="utf-8")
        if "--orders" in command_of(text):
            continue
        outcome = text.splitlines()[1].rpartition(": ")[2]
        found.setdefault(edition_of(text).rules, set()).add(outcome)
    assert {rules: found.get(rules) for rules in OUTCOMES} == OUTCOMES
    assert {one.rules for one in shipped()} == set(OUTCOMES) | WITHOUT_TEXTS
