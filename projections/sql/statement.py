"""What a statement of `query` may contain: one SELECT over the read models, nothing else.

The text is parsed before any database sees it, and what is sent is what was parsed: its tokens,
one after another, without comments. An allow-list names what may occur in it and all else is
refused, including features of a database that nobody has thought of.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ledger.kernel.errors import BadQuery
from ledger.kernel.near import did_you_mean
from projections.sql.functions import NAMES, TYPES, listed, words

LENGTH_MAX = 100_000
NESTING_MAX = 100
PARTS = words(
    "Select Union Intersect Except Subquery With CTE TableAlias Alias Table Column"
    " Identifier Star Literal HexString Boolean Null From Join Where Group Having Order"
    " Ordered Limit Offset Fetch Distinct Window WindowSpec Filter Qualify Tuple Paren Values"
    " Lateral Rollup Cube GroupingSets Interval Var DataType DataTypeParam Collate AtTimeZone"
    " WithinGroup IgnoreNulls RespectNulls EQ NEQ GT GTE LT LTE Is In Between Like ILike Glob"
    " SimilarTo NullSafeEQ NullSafeNEQ Not Neg Add Sub Mul Div IntDiv Mod DPipe Escape Any"
    " All And Or Xor Exists JSONPath JSONPathRoot JSONPathKey JSONPathSubscript"
)
"""What a statement may be made of besides functions, by the parser's names."""
KEYWORDS = words(
    "ALL AND ANY AS BETWEEN BY CASE CUBE DISTINCT ELSE EXCEPT EXCLUDE EXISTS FILTER FROM GROUP"
    " HAVING ILIKE IN INTERSECT IS JOIN LATERAL LIKE LIMIT MATERIALIZED NOT OFFSET ON OR OVER"
    " PARTITION QUALIFY RECURSIVE ROLLUP SELECT SETS SOME THEN UNION USING VALUES WHEN WHERE WITH"
    " CHAR CHARACTER DECIMAL NUMERIC TIMESTAMP VARCHAR VARYING"
)
"""Words before a parenthesis that are not the name of a function."""
UNSAID = words(
    "current_catalog current_role current_schema current_user session_user system_user table user"
)
"""Functions of PostgreSQL that are called without parentheses, and a way to read a table."""
WORD = re.compile(r"[^\W\d][\w$]*(?:\s+[^\W\d][\w$]*)*")
BYTES = re.compile(r"[xX]'[0-9a-fA-F]*'")
OPERATOR = re.compile(r"[-+*/%<>=!|&~^:,.()]+")
NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
HINT = (
    "Write one SELECT, with its own WITH and subqueries, over {tables}. Their columns: "
    "duebook query"
)
FUNCTIONS_HINT = "Functions: {functions}."
NO_FUNCTION = "not on the list"
SHOWN_MAX = 60


class Statement(NamedTuple):
    """A statement that may be sent: its text without comments, and the read models it names."""

    sql: str
    tables: frozenset[str]


def tables_named(sql: str, dialect: str) -> frozenset[str]:
    """The tables of a statement that are not its own; empty for one that does not parse."""
    try:
        _, tree = parsed(sql, dialect)
    except BadQuery:
        return frozenset()
    return frozenset(folded(table.this) for table in tables_in(tree) if not _is_own(table))


def checked(
    sql: str, dialect: str, tables: Collection[str], sources: Mapping[str, str] | None = None
) -> Statement:
    """The checked statement, which reads those tables and nothing else. Raises `BadQuery`.

    `dialect`: `sqlite`, `postgres` or `duckdb`. A table in `sources` is read as the SELECT there.
    """
    tokens, tree = parsed(sql, dialect)
    if type(tree).__name__ not in ("Select", "Union", "Intersect", "Except", "Subquery"):
        raise _refused("It is not a SELECT.", tables)
    for node in tree.walk():
        if why := _unfit(node):
            raise _refused(why, tables)
    named, places = set(), dict[int, str]()
    for table in tables_in(tree):
        if _is_own(table):
            continue
        name = folded(table.this)
        if table.args.get("db") or table.args.get("catalog") or name not in tables:
            asked = did_you_mean(name, tables)
            raise BadQuery(
                f"The query is refused. There is no table {_shown(table, dialect)!r} to ask.",
                asked + _hint(tables),
            )
        named.add(name)
        if sources and name in sources:
            alias = "" if table.args.get("alias") else f' AS "{name}"'
            places[table.this.meta["start"]] = f"({sources[name]}){alias}"
    raw = [sql[token.start : token.end + 1] for token in tokens]
    _check_words(tokens, raw, tree, tables)
    raw = [places.get(token.start, text) for token, text in zip(tokens, raw, strict=True)]
    return Statement(_joined(tokens, raw), frozenset(named))


@lru_cache(maxsize=4)
def parsed(sql: str, dialect: str) -> tuple[Sequence[Any], Any]:
    """The tokens and the tree of a statement, not to be modified. Raises `BadQuery`."""
    import logging

    from sqlglot import errors
    from sqlglot.dialects.dialect import Dialect

    if len(sql) > LENGTH_MAX:
        raise BadQuery(f"The statement has {len(sql):,} characters; {LENGTH_MAX:,} are read.")
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # a refusal says what it found
    spoken = Dialect.get_or_raise(dialect)
    try:
        tokens = list(spoken.tokenize(sql))
        while tokens and tokens[-1].token_type.name == "SEMICOLON":
            tokens.pop()
        if any(token.token_type.name in ("SEMICOLON", "COMMAND") for token in tokens):
            raise BadQuery("The query is refused: it is not one statement that reads.", _hint(()))
        _check_nesting(tokens)
        trees = [tree for tree in spoken.parser().parse(tokens, sql) if tree is not None]
    except errors.SqlglotError as error:
        said = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).partition("\n")[0]
        raise BadQuery(f"The query has a syntax error: {said}", _hint(())) from None
    except RecursionError:
        raise BadQuery("The query is nested too deeply.", _hint(())) from None
    except (LookupError, TypeError, ValueError, AttributeError, AssertionError):
        # The parser itself failed, as it does on no valid SELECT that it knows.
        raise BadQuery("The query has a syntax error.", _hint(())) from None
    if len(trees) != 1:
        raise BadQuery("The query is refused: there is no statement in it.", _hint(()))
    return tokens, trees[0]


def _check_nesting(tokens: Sequence[Any]) -> None:
    depth = 0
    for token in tokens:
        depth += {"L_PAREN": 1, "R_PAREN": -1}.get(token.token_type.name, 0)
        if depth > NESTING_MAX:
            raise BadQuery(
                f"The query is nested more than {NESTING_MAX} parentheses deep.", _hint(())
            )


def _unfit(node: Any) -> str:
    """Why a part of a statement is not allowed; empty if it is."""
    from sqlglot import exp

    kind = type(node).__name__
    if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
        return "It asks a function for a table."
    if isinstance(node, exp.Lateral) and not isinstance(node.this, exp.Subquery):
        return "It asks a function for a table."
    if isinstance(node, exp.DataType) and getattr(node.this, "name", node.this) not in TYPES:
        return f"It casts to {_shown(node)}, which is not on the list of types."
    if kind in PARTS:
        return ""
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        name = str(node.name or node.this).lower()
        return "" if name in NAMES else f"The function {name!r} is not on the list."
    if isinstance(node, exp.Func):
        # Names as written are checked with the words; here, functions called without parentheses.
        of_session = kind.startswith(("Current", "Session", "Local"))
        fits = kind in ("CurrentDate", "CurrentTimestamp") or not of_session
        return "" if fits else f"{_shown(node)} is not on the list of functions."
    return f"It holds something that a query here may not: {_shown(node) or kind}."


def _check_words(
    tokens: Sequence[Any], raw: Sequence[str], tree: Any, tables: Collection[str]
) -> None:
    """Checks that every token is what it looks like on any database, and every call is listed.

    A second check, of the words alone: nothing depends on the parser and the database agreeing
    about what a name means.
    """
    from sqlglot import exp

    called: Counter[str] = Counter()
    for at, (token, text) in enumerate(zip(tokens, raw, strict=True)):
        kind = token.token_type.name
        if not _is_plain(kind, text):
            raise _refused(f"{text[:40]!r} is not written as a query here may write it.", tables)
        if kind != "IDENTIFIER" and text.lower() in UNSAID:
            raise _refused(f"{text.upper()} is nothing that a query here may hold.", tables)
        if at + 1 < len(tokens) and tokens[at + 1].token_type.name == "L_PAREN":
            if kind == "IDENTIFIER":
                called[token.text.lower()] += 1
            elif text[:1].isalpha() or text[:1] == "_":
                word = text.split()[-1]
                if word.upper() not in KEYWORDS:
                    called[word.lower()] += 1
    # Names of the statement's own tables, followed by their columns: `with x(n) as (...)`.
    own = Counter(
        alias.name.lower() for alias in tree.find_all(exp.TableAlias) if alias.args.get("columns")
    )
    for name in sorted(called):
        if name not in NAMES and called[name] > own[name]:
            raise _refused(f"The function {name!r} is not on the list.", tables)


def _is_plain(kind: str, text: str) -> bool:
    """Whether a token is what it looks like on any database."""
    if text[:1] in ("'", '"', "`", "["):
        return kind in ("STRING", "IDENTIFIER")
    if kind == "HEX_STRING":
        return BYTES.fullmatch(text) is not None
    if text[:1].isalpha() or text[:1] == "_":
        return WORD.fullmatch(text) is not None
    if text[:1].isdigit() or kind == "NUMBER":
        return kind == "NUMBER" and NUMBER.fullmatch(text) is not None
    return OPERATOR.fullmatch(text) is not None


def _joined(tokens: Sequence[Any], raw: Sequence[str]) -> str:
    """The tokens as they were written, with a blank for whatever was between them."""
    parts = []
    for at, text in enumerate(raw):
        apart = at and tokens[at - 1].end + 1 != tokens[at].start
        parts.append(" " + text if apart else text)
    return "".join(parts)


def tables_in(tree: Any) -> Iterator[Any]:
    """The tables that a statement names, including its own."""
    from sqlglot import exp

    return (table for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier))


def folded(identifier: Any) -> str:
    """A name as PostgreSQL compares it: exactly if quoted, else with ASCII in lower case."""
    name = str(identifier.this)
    if identifier.args.get("quoted"):
        return name
    return "".join(character.lower() if character.isascii() else character for character in name)


def _is_own(table: Any) -> bool:
    """Whether a name is one of a WITH that is visible from there.

    Within a WITH, a table sees those before it, and itself if the WITH is recursive. The databases
    do not agree on more.
    """
    from sqlglot import exp

    if table.args.get("db") or table.args.get("catalog"):
        return False
    name, child, seen = folded(table.this), table, set()
    while (parent := child.parent) is not None:
        if isinstance(parent, exp.With):
            for expression in parent.expressions:
                if expression is child:
                    seen |= {_named(expression)} if parent.args.get("recursive") else set()
                    break
                seen.add(_named(expression))
            child = parent.parent
            continue
        clause = parent.args.get("with_") or parent.args.get("with")
        if isinstance(clause, exp.With):
            seen |= {_named(cte) for cte in clause.expressions}
        child = parent
    return name in seen


def _named(cte: Any) -> str:
    return folded(cte.args["alias"].this)


def _shown(node: Any, dialect: str | None = None) -> str:
    """The beginning of a part of a statement as it would be written, or else its name."""
    from sqlglot.errors import SqlglotError

    try:
        return str(node.sql(dialect=dialect))[:SHOWN_MAX].strip()
    except (SqlglotError, ValueError, AttributeError, TypeError):
        return str(node.name)[:SHOWN_MAX]


def _refused(why: str, tables: Collection[str]) -> BadQuery:
    if NO_FUNCTION in why:
        typed = why.partition("'")[2].partition("'")[0]
        hint = did_you_mean(typed, NAMES) + FUNCTIONS_HINT.format(functions=listed())
        return BadQuery(f"The query is refused. {why}", hint)
    return BadQuery(f"The query is refused. {why}", _hint(tables))


def _hint(tables: Collection[str]) -> str:
    named = ", ".join(sorted(tables)) if tables else "the read models"
    return HINT.format(tables=named)
