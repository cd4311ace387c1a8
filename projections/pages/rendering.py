"""Pages from templates: one environment, everything escaped, the same bytes for the same answer."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from ledger.kernel.instants import wall_clock
from ledger.kernel.shown import visible
from ledger.programs.words import words
from projections.pages.voice import money


def _source(name: str) -> str:
    return (files("projections.pages") / "templates" / name).read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """The templates; a name that is not given is an error, never a blank."""
    made = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=False,
    )
    made.filters |= {"money": money, "word": word, "seen": seen}
    return made


def word(code: str) -> str:
    """What a code reads as; the code of one that has no words."""
    return words().get(code, code)


def seen(text: object) -> str:
    """A recorded text with everything in it that could not be seen made visible."""
    return visible(str(text))


def policy(*, images: bool = False, forms: bool = False) -> str:
    """What a page may load and run: its own style alone, with `images` those that it holds itself;
    with `forms` it may ask the address that it came from."""
    digest = base64.b64encode(hashlib.sha256(_source("style.css").encode()).digest()).decode()
    parts = ["default-src 'none'", f"style-src 'sha256-{digest}'", "base-uri 'none'"]
    parts.append("form-action 'self'" if forms else "form-action 'none'")
    return "; ".join([*parts, *(["img-src data:"] if images else [])])


def rendered(template: str, *, images: bool = False, forms: bool = False, **given: Any) -> str:
    """A page with its style inside, and its policy: see `policy`."""
    page = environment().get_template(template)
    text = page.render(
        **given,
        style=Markup(_source("style.css")),
        policy=policy(images=images, forms=forms),
        local=wall_clock,
    )
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"
