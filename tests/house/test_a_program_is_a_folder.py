"""The promise of the house: a program is a folder and its facts a file; nothing else names it."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from ledger.aggregates.catalogue import FACTS
from ledger.programs.registry import programs, shipped

ROOT = Path(__file__).parents[2]
TOYS = Path(__file__).with_name("toys")
ROOMS = ("ledger", "projections", "cli")


def test_every_command_works_on_a_program_that_came_as_a_folder(tmp_path: Path) -> None:
    """A toy program with two facts is copied into place: money that is handed on, a decision
    without money, a fact that its terms judge, and a second version of its rule."""
    house = tmp_path / "house"
    for room in ROOMS:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / room, house / room, ignore=ignore)
    shutil.copytree(ROOT / "fixtures" / "demo", house / "fixtures" / "demo")
    shutil.copy(TOYS / "toy_rental.py", house / "ledger" / "aggregates")
    program = house / "ledger" / "programs" / "toys"
    program.mkdir()
    (program / "__init__.py").touch()
    for name in ("program.py", "terms.toml", "cases.toml", "words.toml"):
        shutil.copy(TOYS / name, program)
    shutil.copy(TOYS / "story.py", house)
    assert "every command works" in _ran(house, "story.py", str(tmp_path))
    for name in ("conftest.py", "books.py", "marks.py", "forging.py", "quarter.py", "programs"):
        copy = shutil.copytree if (ROOT / "tests" / name).is_dir() else shutil.copy
        (house / "tests").mkdir(exist_ok=True)
        copy(ROOT / "tests" / name, house / "tests" / name)
    shutil.copy(ROOT / "pyproject.toml", house)
    cases = "tests/programs/test_cases.py"
    assert "3 passed" in _ran(
        house, "-m", "pytest", "-p", "no:cacheprovider", "-v", "-k", "toys", cases
    )


def _ran(house: Path, *words: str) -> str:
    """What Python printed in a copy of the house; it must end well."""
    ran = subprocess.run(
        [sys.executable, *words],
        cwd=house,
        env={"PYTHONPATH": str(house), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_guide_shows_the_toy_that_works() -> None:
    """Every piece of code in `docs/add-a-program.md` is in the toy's files to the letter."""
    guide = (ROOT / "docs" / "add-a-program.md").read_text(encoding="utf-8")
    files = [path.read_text(encoding="utf-8") for path in TOYS.iterdir() if path.is_file()]
    pieces = re.findall(r"```(?:python|toml)\n(.*?)\n```", guide, re.S)
    assert len(pieces) > 8
    for piece in pieces:
        for part in piece.split("\n\n\n"):
            assert any(part in text for text in files), part


def _outside(folder: str) -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if f"programs/{folder}/" not in path.as_posix():
                yield path


@cache
def _words(path: Path) -> tuple[tuple[int, str], ...]:
    """Every name and text in a file's code; what documents it may use examples."""
    return tuple(_found_in(ast.parse(path.read_text(encoding="utf-8"))))


def _documenting(node: ast.AST) -> Iterator[ast.AST]:
    """The docstring of a class, function or file, and the example of a fact."""
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
        if node.body and isinstance(node.body[0], ast.Expr):
            yield node.body[0].value
    elif isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "EXAMPLE":
        yield from ast.walk(node)


def _found_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    documented = {id(text) for node in ast.walk(tree) for text in _documenting(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in documented:
                yield node.lineno, node.value
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""
            yield from ((node.lineno, one.name) for one in node.names)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, one.name) for one in node.names)


@pytest.mark.parametrize("folder", sorted(programs()))
def test_nothing_outside_its_folder_names_a_program(folder: str) -> None:
    """Neither the folder nor an edition of it: what several need is a mechanism."""
    editions = [one.program for one in shipped() if one.rules == folder]
    spellings = {folder, folder.replace("_", "-"), folder.replace("_", " "), *editions}
    names = re.compile(
        "|".join(rf"(?<![a-z_]){re.escape(one)}(?![a-z_])" for one in spellings), re.I
    )
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in _outside(folder)
        for line, text in _words(path)
        if names.search(text)
    ]
    assert found == []


def test_the_facts_that_terms_judge_say_so() -> None:
    """A fact knows that it is judged, so that recording others need not load the programs."""
    judged = {
        fact for one in programs().values() for judging in one.judges for fact in judging.facts
    }

    assert {fact for fact in FACTS.values() if fact.JUDGED} == judged
