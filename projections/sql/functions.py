"""What functions and types a statement of `query` may name. docs/how-to.md lists them."""


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


FUNCTIONS: dict[str, str] = {
    "Sums": "avg bool_and bool_or count every group_concat max median min stddev string_agg sum"
    " total variance",
    "Windows": "cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank"
    " rank row_number",
    "Numbers": "abs ceil ceiling exp floor ln log mod pow power round sign sqrt trunc",
    "Texts": "btrim char_length concat concat_ws contains ends_with glob hex instr left length like"
    " lower ltrim nullif octet_length position replace reverse right rtrim starts_with strpos"
    " substr substring trim unicode upper",
    "Days and times": "age current_date current_timestamp date date_diff date_part date_trunc"
    " datetime day dayname dayofweek extract julianday last_day make_date month monthname now"
    " quarter strftime strptime time to_char to_date unixepoch week year",
    "Choices and casts": "case cast coalesce greatest grouping if ifnull iif least try_cast typeof",
    "JSON": "json_array_length json_extract json_extract_string json_type json_valid",
}
"""Functions by purpose. Each database has most of them, none has all. Left out are those that read
files or settings, make tables or wait, and those that make a large value out of a small one.
"""
NAMES = words(" ".join(FUNCTIONS.values()))
FUNCTION = "duebook_decimal"
"""For SQLite, which has no decimals: turns minor units and a currency into a text. It occurs in
the SELECT that a table with amounts is read through; no statement may name it."""
TYPES = words(
    "BIGINT BOOLEAN CHAR DATE DECIMAL DOUBLE FLOAT INT INT128 INTERVAL JSON JSONB NCHAR NVARCHAR"
    " SMALLINT TEXT TIME TIMESTAMP TIMESTAMPNTZ TIMESTAMPTZ TINYINT VARCHAR"
)
"""What a value may be cast to, as the parser names it."""


def listed() -> str:
    """All functions in one line."""
    return ", ".join(sorted(NAMES))
