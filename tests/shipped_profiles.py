"""How the samples of each shipped profile are read: with which options, into what."""

from pathlib import Path
from typing import Any, NamedTuple

from tests.platform_files import FILES, problems_in, read_lines, read_order_file, read_orders

BY_ORDER, BY_LINE, ORDERS = "by order", "by line", "orders"


class Sample(NamedTuple):
    """The samples of a profile, and what a person gives with them."""

    profile: str
    suffix: str
    kind: str = BY_ORDER
    options: dict[str, str | None] = {}  # noqa: RUF012  never written to

    def __str__(self) -> str:
        return f"{self.profile}.{self.suffix}"

    def path(self, how: str) -> Path:
        return FILES / f"{self.profile}-{how}.{self.suffix}"

    def read(self, path: Path) -> list[str]:
        """The orders or lines of a file, each as a text."""
        if self.kind == ORDERS:
            return read_order_file(path, self.profile, **self.options).lines  # type: ignore[arg-type]
        if self.kind == BY_LINE:
            lines = read_lines(path, self.profile, self.options.get("store"))
            return [" ".join(filter(None, one)) for one in lines]
        return [" ".join(one) for one in read_orders(path, self.profile, **self._by_order).orders]

    def problems(self, path: Path) -> list[tuple[int, str]]:
        """The rows of a file that cannot be used, each with its code."""
        if self.kind == ORDERS:
            return read_order_file(path, self.profile, **self.options).rejected  # type: ignore[arg-type]
        found = problems_in(path, self.profile, by_line=self.kind == BY_LINE, **self._by_order)
        return [(place, code) for place, code, _ in found]

    @property
    def _by_order(self) -> dict[str, Any]:
        return {"store": "TT-01"} | self.options


_SCENE: dict[str, str | None] = {"store": "TT-01", "traffic": "ordinary", "channel": "other"}
_TIKTOK = _SCENE | {"currency": "USD", "zone": "America/Los_Angeles"}
SAMPLES = [
    Sample("tiktok-orders", "csv", ORDERS, _TIKTOK),
    Sample("tiktok-orders", "xlsx", ORDERS, _TIKTOK),
    Sample("shopify-orders", "csv", ORDERS, _SCENE | {"category": "beauty"}),
    Sample("tiktok-on-hold", "csv"),
    Sample("tiktok-on-hold", "xlsx"),
    Sample("tiktok-affiliate", "csv"),
    Sample("tiktok-affiliate-partner", "csv", BY_ORDER, {"store": None, "currency": "IDR"}),
    Sample("tiktok-payments", "ndjson", BY_LINE, {"store": "TT-01"}),
    Sample("tiktok-transactions", "ndjson", BY_ORDER, {"currency": "USD"}),
    Sample("douyin-bill", "csv"),
    Sample("amazon-settlement-v2", "tsv"),
    Sample("stripe-payouts", "csv"),
    Sample("adyen-settlement", "csv"),
    Sample("duebook-statement", "csv", BY_LINE, {"store": None}),
    Sample("duebook-statement", "xlsx", BY_LINE, {"store": None}),
]
BY_NAME = {str(sample): sample for sample in SAMPLES}
