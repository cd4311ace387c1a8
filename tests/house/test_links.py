"""Links of the documentation lead somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def _prose(page: Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)


def _links(page: Path) -> Iterator[tuple[str, str]]:
    """File and anchor of every link that does not leave the repository."""
    for file, anchor in re.findall(r"\]\(([^)#\s]*)(#[^)\s]*)?\)", _prose(page)):
        if not file.startswith(("http:", "https:", "mailto:")):
            yield file, anchor


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", _prose(page), re.M)
    plain = (re.sub(r"[^\w\- ]", "", head.strip().lower()) for head in heads)
    return {f"#{head.replace(' ', '-')}" for head in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    """Also from one section to another."""
    lost = []
    for file, anchor in _links(page):
        target = (page.parent / file).resolve() if file else page
        there = target.exists() and (not anchor or anchor in _anchors(target))
        if not there:
            lost.append(f"{file}{anchor}")
    assert lost == []
