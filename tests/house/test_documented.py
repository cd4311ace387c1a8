"""What people look things up in: help, README and the catalogue of facts leave nothing out."""

import json
import re
from pathlib import Path

import click
import pytest

from cli.commands import COMMANDS
from cli.main import duebook as group
from ledger.aggregates.base import Fact
from ledger.aggregates.catalogue import EVENTS, FACTS
from ledger.kernel import errors
from ledger.kernel.errors import Refusal
from ledger.store.codec import decoder
from ledger.usecases.looking.catalogue_of_facts import catalogue, describe, schema
from projections.catalogue import VIEWS, reports

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BY_NAME = {one.name or "": one for one in COMMANDS}
NAMES = sorted(BY_NAME)
MEANINGS = [pytest.param(fact, id=name) for name, fact in FACTS.items()]


def _help(name: str) -> str:
    command = BY_NAME[name]
    return command.get_help(click.Context(command, info_name=f"duebook {name}"))


def test_every_command_that_is_defined_can_be_called() -> None:
    """A file that defines a command which the group does not list is a mistake."""
    assert set(NAMES) == set(group.list_commands(click.Context(group)))
    files = (Path(__file__).parents[2] / "cli" / "commands").glob("*.py")
    defined = {name for path in files for name in _defined(path)}
    assert defined == set(NAMES)


def _defined(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return re.findall(
        r"^@click\.command\([^\n]*\)\n(?:@[^\n]+\n|[ )][^\n]*\n)*def (\w+)", text, re.M
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_a_command_says_what_it_does_with_an_example(name: str) -> None:
    """A sentence first, then at least one command line that can be copied."""
    first = (BY_NAME[name].help or "").strip().partition("\n")[0]
    assert first.endswith(".")
    assert re.search(rf"^ +duebook {name}\b", _help(name), re.M)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_of_a_command_is_explained(name: str) -> None:
    """An option without a word of help is one that nobody finds."""
    for one in BY_NAME[name].params:
        if isinstance(one, click.Option):
            assert one.help, f"{name} {one.opts}"


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_names_every_command(name: str) -> None:
    """In the table of commands, as it is typed."""
    assert re.search(rf"^\| .*`{name}\b.* \|", README, re.M)


def test_the_readme_names_no_command_that_does_not_exist() -> None:
    """What is shown with a prompt before it can be run."""
    shown = set(re.findall(r"^\$ duebook ([a-z]+)", README, re.M))
    assert shown <= set(NAMES)


@pytest.mark.parametrize("name", sorted({*VIEWS, *reports()}))
def test_the_readme_names_every_report(name: str) -> None:
    """In the row of `report`, by its own name and by that of its table."""
    (row,) = [line for line in README.splitlines() if line.startswith("| `report [NAME]")]
    assert f"`{name}`" in row


@pytest.mark.parametrize("fact", MEANINGS)
def test_every_fact_is_described_to_its_last_field(fact: type[Fact]) -> None:
    """A meaning in a sentence, a meaning of every field, its warnings, an example."""
    found = describe(fact.__name__)
    assert found["meaning"].endswith(".")
    fields = {one["field"]: one for one in found["fields"]}
    assert {"at", *fact.model_fields} <= set(fields)
    assert all(one["meaning"].strip() for one in fields.values())
    alike = {"looks_like"} if fact.INTRODUCES else set()
    assert {*fact.WARNINGS, *alike} == set(found["warnings"])
    needed = {name for name, one in fields.items() if one["required"]}
    assert needed | {"type"} <= set(found["example"])
    assert set(found["example"]) <= set(fields) | {"type"}


@pytest.mark.parametrize("fact", MEANINGS)
def test_the_example_of_every_fact_is_one(fact: type[Fact]) -> None:
    """It reads as the fact, and its amounts are texts."""
    beside = {"type", "at", "by"} - set(fact.model_fields)
    example = {k: v for k, v in fact.EXAMPLE.items() if k not in beside}
    assert fact.__name__ == fact.EXAMPLE["type"]
    event = decoder(fact.TOPIC)(json.dumps(example).encode())
    assert {**json.loads(event.stored()), **example} == json.loads(event.stored())


@pytest.mark.parametrize("fact", MEANINGS)
def test_the_schema_of_every_fact_describes_its_properties(fact: type[Fact]) -> None:
    """Editors show these; `type` is fixed, and nothing else than the fields may be said."""
    found = schema(fact.__name__)
    assert fact.__name__ == found["properties"]["type"]["const"]
    assert {"type", "at"} <= set(found["required"])
    assert found["additionalProperties"] is False
    for name, one in found["properties"].items():
        assert name == "type" or one.get("description"), name


def test_the_catalogue_lists_every_fact_once_in_order() -> None:
    """In the order of the contract, each with its sentence."""
    listed = catalogue()
    assert list(FACTS) == [one["type"] for one in listed]
    assert all(one["meaning"].endswith(".") for one in listed)


def test_topics_are_short_names_with_a_version() -> None:
    """Never a module path: moving a file must not break an old book."""
    for event in EVENTS:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+\.v[1-9][0-9]*", event.TOPIC)


def test_every_refusal_says_why_it_exists() -> None:
    """One class each, with a sentence, and a code that scripts can read."""
    kinds = {"refused", "conflict", "broken", "usage"}
    found = [one for one in vars(errors).values() if isinstance(one, type)]
    refusals = [one for one in found if issubclass(one, Refusal)]
    assert len(refusals) > 20
    for refusal in refusals:
        assert (refusal.__doc__ or "").rstrip().endswith(".")
        assert refusal.kind in kinds
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", refusal("why").code)
