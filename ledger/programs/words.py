"""What codes read as where people read them: per language a phrase, kept in each program's folder.

JSON, CSV and the read models keep the codes; a table for people and a statement for a payee say
what is meant: `not invited` for a line declined because `invited` is unmet.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
ENGLISH = "en"


@cache
def words(language: str = ENGLISH) -> Mapping[str, str]:
    """Per code its phrase; the codes of all programs, of which no two mean different things."""
    phrases: dict[str, str] = {}
    for path in sorted(FOLDER.glob("**/words.toml")):
        phrases |= tomllib.loads(path.read_text(encoding="utf-8")).get(language, {})
    return phrases


def in_words(codes: str, language: str = ENGLISH) -> str:
    """Codes as a table has them, separated by commas, in words; any other text as it is."""
    known = words(language)
    names = codes.split(", ")
    return "; ".join(known[name] for name in names) if all(n in known for n in names) else codes
