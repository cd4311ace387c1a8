"""Codes read as words, in the folder of the program that gives them, in every language."""

import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from ledger.programs.registry import FOLDER
from ledger.programs.words import in_words, words

LANGUAGES = ("en", "zh")
FILES = sorted(FOLDER.glob("**/words.toml"))


def _phrases(path: Path) -> dict[str, dict[str, str]]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _codes(folder: Path) -> set[str]:
    """Every code that the worked examples of a program expect of a line."""
    cases = tomllib.loads((folder / "cases.toml").read_text(encoding="utf-8"))["case"]
    lines = [line for case in cases for line in case.get("expect", {}).values()]
    return {code for line in lines for key in ("unmet", "held_for") for code in line.get(key, ())}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_phrase_is_there_in_every_language(path: Path) -> None:
    """The same codes, none of them empty, none ending as a sentence does."""
    phrases = _phrases(path)
    assert tuple(phrases) == LANGUAGES
    assert list(phrases["en"]) == list(phrases["zh"])
    for of_language in phrases.values():
        assert all(text.strip() and not text.endswith((".", "。")) for text in of_language.values())


@pytest.mark.parametrize("folder", sorted(FOLDER.glob("*/cases.toml")), ids=lambda p: p.parent.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_a_worked_example_has_words(folder: Path, language: str) -> None:
    """In the program's own folder, or among those that several programs share."""
    shared = _phrases(FOLDER / "words.toml")[language]
    own = folder.with_name("words.toml")
    known = {*shared, *(_phrases(own)[language] if own.exists() else ())}
    assert _codes(folder.parent) <= known


def test_a_code_means_one_thing() -> None:
    """No two files have the same code: what several programs share stands in one place."""
    where = defaultdict(list)
    for path in FILES:
        for code in _phrases(path)["en"]:
            where[code].append(path.parent.name)
    assert {code: names for code, names in where.items() if len(names) > 1} == {}


def test_codes_are_put_in_words_and_other_texts_are_left() -> None:
    """All of a cell, or nothing of it."""
    assert in_words("invited, enrolled_in_time") == "merchant not invited; not enrolled in time"
    assert in_words("store open: StoreClosed, invited") == "store open: StoreClosed, invited"
    assert in_words("invited", "zh") == words("zh")["invited"]
