"""Writes `docs/reference/` anew: `make reference`."""

from tests.reference.pages import REFERENCE, pages

REFERENCE.mkdir(exist_ok=True)
for name, text in pages().items():
    (REFERENCE / name).write_text(text, encoding="utf-8")
