"""A page that was opened in Chromium, what was seen of it, and what axe-core says of it."""

from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
"""The rules of axe-core that are asked: WCAG 2.0 and 2.1, levels A and AA."""
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1280, "height": 800}}
PAPER = 658
"""Pixels between the margins of an A4 page, as the style sets them."""


@dataclass
class Opened:
    """A page, and everything that it has asked for, written or shown since it was opened.

    `page` is Playwright's: `opened.page.get_by_role("link", name="...").click()` follows a link,
    and what the next page asks for and writes is added to the same lists.
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    """The address of each request, in order. Playwright leaves out icons and `data:`."""
    messages: list[str] = field(default_factory=list)
    """The console's messages, where a violated policy is named, and failures of scripts."""
    dialogs: list[str] = field(default_factory=list)
    """The texts of the dialogs that the page opened; each was dismissed."""

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("dialog", self._dismissed)

    def _dismissed(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def unfold(self, most: int) -> int:
        """Opens the first explanations of the page, for what is closed is not judged; answers how
        many were opened."""
        script = (
            "most => [...document.querySelectorAll('details')].slice(0, most)"
            ".map(details => { details.open = true; }).length"
        )
        return int(self.page.evaluate(script, most))


def violations(opened: Opened, rule: str = "") -> str:
    """What axe-core holds against the page as it stands, by all rules of WCAG or by one of them, a
    line for each rule and element; empty if nothing.

    Text in pictures it cannot judge: `test_pictures.py` does.
    """
    opened.page.evaluate(AXE_SCRIPT)
    script = "rules => axe.run({runOnly: rules, resultTypes: ['violations']})"
    asked = {"type": "rule", "values": [rule]} if rule else {"type": "tag", "values": WCAG}
    results = opened.page.evaluate(script, asked)
    return "\n".join(
        f"{rule['id']}: {rule['help']}: {node['html'][:200]}: {_reasons(node)}"
        for rule in results["violations"]
        for node in rule["nodes"]
    )


def _reasons(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return "; ".join(check["message"] for check in checks)
