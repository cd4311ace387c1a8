"""The programs that this version of duebook knows: one folder each, found by name."""

import re
import tomllib
from functools import cache
from importlib import import_module
from pathlib import Path

from ledger.kernel.errors import BadTerms
from ledger.kernel.near import did_you_mean
from ledger.programs.edition import Edition, parse_toml
from ledger.programs.program import Pot, Program

FOLDER = Path(__file__).parent


@cache
def program_names() -> tuple[str, ...]:
    """The names of the folders that contain a program."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob("*/program.py")))


@cache
def pots() -> dict[str, Pot]:
    """The pots of money that programs hold for parties, by name."""
    held = (program.pot for program in declaring("pot").values())
    return {pot.name: pot for pot in held if pot}


@cache
def program_of(name: str) -> Program:
    """The program of that name. Raises `BadTerms` for an unknown name."""
    if name not in program_names():
        raise BadTerms(
            f"rules: {name!r} is not a program that this version of duebook can work out.",
            f"{did_you_mean(name, program_names())}Known rules: {', '.join(program_names())}.",
        )
    program = import_module(f"ledger.programs.{name}.program").PROGRAM
    assert isinstance(program, Program)
    return program


def programs() -> dict[str, Program]:
    """Every program by the name of its folder."""
    return {name: program_of(name) for name in program_names()}


@cache
def declaring(what: str) -> dict[str, Program]:
    """The programs that declare a keyword of `Program` in their `program.py`; no others are
    imported."""
    keyword = re.compile(rf"^ +{what}=", re.MULTILINE)
    texts = {name: (FOLDER / name / "program.py").read_text("utf-8") for name in program_names()}
    return {name: program_of(name) for name, text in texts.items() if keyword.search(text)}


def checked(edition: Edition) -> Edition:
    """The edition as it may be published: checked, complete, with reasons for its assumptions.

    A parameter that a file leaves out takes the shipped default; where that is an assumption,
    its reason is added, so that every answer names it. Raises `BadTerms`.
    """
    complete = program_of(edition.rules).check(edition)
    path = FOLDER / edition.rules / "terms.toml"
    reasons = tomllib.loads(path.read_text(encoding="utf-8")).get("assumed", {})
    silent = {
        key: why
        for key, why in reasons.items()
        if key in complete.terms and key not in edition.terms and key not in edition.assumed
    }
    return (
        complete.model_copy(update={"assumed": {**complete.assumed, **silent}})
        if silent
        else complete
    )


def shipped() -> list[Edition]:
    """The editions that come with duebook, checked, in the order of their programs."""
    editions = []
    for path in sorted(FOLDER.glob("*/terms.toml")):
        edition = parse_toml(path.read_text(encoding="utf-8"), path.name)
        editions.append(checked(edition))
    return editions
