"""Small changes of source code that a test should notice, each drawn from the syntax tree.

Comparisons, `and`/`or`/`not`, arithmetic, whole numbers, True and False, negated conditions,
`min`/`max`, `any`/`all`, ends of slices, early returns. Texts, annotations, docstrings and asserts
stay as they are.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

COMPARED: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: (r"is\s+not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: (r"not\s+in", ("in",)),
}
CALCULATED: dict[type[ast.operator], tuple[str, tuple[str, ...]]] = {
    ast.Add: (r"\+", ("-",)),
    ast.Sub: ("-", ("+",)),
    ast.Mult: (r"\*", ("+",)),
    ast.Div: ("/", ("*",)),
    ast.FloorDiv: ("//", ("*",)),
    ast.Mod: ("%", ("*",)),
    ast.BitOr: (r"\|", ("&",)),
    ast.BitAnd: ("&", ("|",)),
}
OTHERS = {"min": "max", "max": "min", "any": "all", "all": "any"}


class Mutant(NamedTuple):
    """One change of one place: bytes `start` to `end` of a file become `after`."""

    file: str
    line: int
    start: int
    end: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}  {_flat(self.before)}  ->  {_flat(self.after) or '(gone)'}"

    def applied(self, source: bytes) -> bytes:
        """The file with the change."""
        return source[: self.start] + self.after.encode() + source[self.end :]


def mutants(root: Path, file: str) -> list[Mutant]:
    """Every change of a file that can be drawn and parses, in the order of the text."""
    source = (root / file).read_bytes()
    finder = _Finder(file, source)
    finder.visit(ast.parse(source))
    return sorted(mutant for mutant in set(finder.mutants) if _parses(mutant.applied(source)))


def _parses(source: bytes) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _flat(text: str) -> str:
    return " ".join(text.split())


class _Finder(ast.NodeVisitor):
    """Walks a tree and gathers changes; skips what is not to be changed."""

    def __init__(self, file: str, source: bytes) -> None:
        self.file = file
        self.source = source
        self.mutants: list[Mutant] = []
        lines = source.splitlines(keepends=True)
        self._starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Texts stay."""

    def visit_Assert(self, node: ast.Assert) -> None:
        """Asserts stay: a changed one is noticed by itself."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Only the value, not the annotation."""
        if node.value is not None:
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        """Arguments stay: they are names and annotations."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Defaults and body; a return before the end is also dropped."""
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        for statement in node.body:
            self.visit(statement)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Return) and inner is not node.body[-1]:
                self._replace(inner, "pass")

    def visit_Assign(self, node: ast.Assign) -> None:
        """The assigned value; a union of types at the top of a file is an annotation too."""
        if node.col_offset or not isinstance(node.value, ast.BinOp | ast.Subscript):
            self.visit(node.value)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Each comparison: its boundary, its direction, its opposite."""
        sides = [node.left, *node.comparators]
        for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
            self._between(left, right, *COMPARED[type(operator)])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """`and` becomes `or`, and the other way round."""
        word, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between(left, right, word, (other,))
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """`not` and the minus are dropped."""
        self._replace(node, f"({self._text(node.operand)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Arithmetic of numbers, days and sets; concatenation of texts stays."""
        sides = (node.left, node.right)
        if type(node.op) in CALCULATED and not any(map(_is_text, sides)):
            self._between(node.left, node.right, *CALCULATED[type(node.op)])
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """`+=` becomes `-=`."""
        if type(node.op) in CALCULATED and not _is_text(node.value):
            self._between(node.target, node.value, *CALCULATED[type(node.op)])
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Whole numbers go up and down by one; True becomes False."""
        if isinstance(node.value, bool):
            self._replace(node, str(not node.value))
        elif isinstance(node.value, int):
            self._replace(node, str(node.value + 1))
            self._replace(node, f"({node.value - 1})")

    def visit_Call(self, node: ast.Call) -> None:
        """The least becomes the greatest, any becomes all."""
        if isinstance(node.func, ast.Name) and node.func.id in OTHERS:
            self._replace(node.func, OTHERS[node.func.id])
        self.generic_visit(node)

    def visit_Slice(self, node: ast.Slice) -> None:
        """Either end is left open."""
        for end in (node.lower, node.upper):
            if end is not None:
                self._replace(end, "")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        """The condition is negated."""
        self._negated(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """The condition is negated."""
        self._negated(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        """The condition is negated."""
        self._negated(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        """The filter is negated."""
        for test in node.ifs:
            self._negated(test)
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        """The loop goes on."""
        self._replace(node, "pass")

    def visit_Continue(self, node: ast.Continue) -> None:
        """The rest of the iteration is run."""
        self._replace(node, "pass")

    def _negated(self, test: ast.expr) -> None:
        self._replace(test, f"(not ({self._text(test)}))")

    def _between(
        self, left: ast.expr, right: ast.expr, pattern: str, others: tuple[str, ...]
    ) -> None:
        """Changes the operator between two operands."""
        start, end = self._end(left), self._start(right)
        match = re.search(pattern, self.source[start:end].decode())
        assert match is not None, (self.file, left.lineno, pattern)
        before = self.source[self._start(left) : self._end(right)].decode()
        shift = start - self._start(left)
        for other in others:
            after = before[: shift + match.start()] + other + before[shift + match.end() :]
            self._add(left.lineno, self._start(left), self._end(right), after)

    def _replace(self, node: ast.expr | ast.stmt, after: str) -> None:
        self._add(node.lineno, self._start(node), self._end(node), after)

    def _add(self, line: int, start: int, end: int, after: str) -> None:
        before = self.source[start:end].decode()
        self.mutants.append(Mutant(self.file, line, start, end, before, after))

    def _text(self, node: ast.expr) -> str:
        return self.source[self._start(node) : self._end(node)].decode()

    def _start(self, node: ast.expr | ast.stmt) -> int:
        return self._starts[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    if isinstance(node, ast.IfExp):
        return _is_text(node.body)
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def drawable(root: Path, files: list[str]) -> Iterator[Mutant]:
    """Every change of these files."""
    for file in files:
        yield from mutants(root, file)
