"""Names say what is held: locals, and the files of the use cases."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("ledger", "projections", "cli", "benchmarks")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
VAGUE = {"one", "found", "told"}
"""What a thing was before anybody said what it is."""
NOUNS = {"string", "thing", "king", "spring", "feed", "seed", "need", "speed", "bed", "reading"}
MEANT = {"issued", "exported", "meant", "told", "made", "kept", "given", "known", "sent", "held"}
"""Participles that end otherwise, or stood alone before."""


def _locals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every local variable and parameter, with its line; fields of classes are no locals."""
    fields = {
        id(statement.target)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            if id(node) not in fields:
                yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.MatchAs) and node.name:
            yield node.lineno, node.name


def vague_names(source: str) -> list[tuple[int, str]]:
    """The locals of a source text that do not say what they hold."""
    return [(line, name) for line, name in _locals(ast.parse(source)) if name in VAGUE]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_local_is_called_what_it_holds(path: Path) -> None:
    """Neither `one` nor `found` nor `told`: a line is a `line`, problems are `problems`."""
    assert vague_names(path.read_text(encoding="utf-8")) == []


def test_the_verifier_of_locals_sees_every_way_of_binding_a_name() -> None:
    """Parameters, loops, comprehensions, `with`, `:=`, unpacking; not fields and attributes."""
    source = (
        "class A:\n    found: int\n"
        "def f(one, *, told=1):\n"
        "    for found, x in y: pass\n"
        "    with y as told: pass\n"
        "    return [one for one in y if (found := one)], lambda told: self.found\n"
    )
    assert [name for _, name in vague_names(source)].count("found") == 2
    assert {line for line, _ in vague_names(source)} == {3, 4, 5, 6}


def is_participle(name: str) -> bool:
    """Whether a name is a single participle, which says of something unnamed what was done."""
    return name in MEANT or bool(re.fullmatch(r"[a-z]+(ed|ing)", name) and name not in NOUNS)


def test_no_file_of_the_use_cases_is_called_by_a_participle_alone() -> None:
    """`closed_period` says what is closed; rooms are called by nouns such as `closing`."""
    files = (ROOT / "ledger" / "usecases").rglob("*.py")
    assert [str(path.relative_to(ROOT)) for path in files if is_participle(path.stem)] == []
    assert all(map(is_participle, ("accepting", "issued")))
    assert not is_participle("closed_period")
