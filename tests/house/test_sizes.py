"""Files and functions that a reader can hold in mind, and what every room is made of."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("ledger", "projections", "cli")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 60


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_a_file_has_at_most_300_lines(path: Path) -> None:
    """When one grows past that, it hides something that wants a file of its own."""
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= FILE_LINES_MAX


def test_a_function_has_at_most_60_lines() -> None:
    """From `def` to its last line, decorators not counted; all that are longer are named."""
    longer = {
        f"{_name(path)}:{one.lineno} {one.name}": lines
        for path in FILES
        for one in _functions(path)
        if (lines := (one.end_lineno or 0) - one.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert longer == {}


def test_every_file_says_what_it_is_for() -> None:
    """In words at its top; a file that only makes a folder a package may be empty."""
    trees = {_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
    assert [name for name, tree in trees.items() if tree.body and not ast.get_docstring(tree)] == []


def test_the_pure_rooms_have_no_clock_no_chance_and_no_environment() -> None:
    """Below the use cases nothing asks for now, for luck, or for where it runs.

    One file starts processes: what a stranger's workbook or Parquet may end is not this one.
    """
    forbidden = {"time", "random", "secrets", "uuid", "os", "socket", "subprocess"}
    found = []
    for room in ("kernel", "aggregates", "programs", "intake"):
        for path in sorted((ROOT / "ledger" / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                found += [(_name(path), name) for name in names if name.split(".")[0] in forbidden]
                called = node.func if isinstance(node, ast.Call) else None
                if isinstance(called, ast.Attribute) and called.attr in ("now", "utcnow", "today"):
                    found.append((_name(path), called.attr))
    assert found == [("ledger/intake/tables/own_process.py", "subprocess")]
