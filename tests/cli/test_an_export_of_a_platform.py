"""An export with a platform's own headers, loaded with one mapping file and nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MAPPING = """
name = "shop-export"
for = "orders"

[file]
delimiter = ";"
decimal = ","
thousands = "."
totals = ["Summe"]

[rows]
pass_over = { Status = ["storniert"] }

[columns]
order_id = { header = "Bestellnr.", strip = "#" }
item = "Artikelnr."
store = { constant = "S-1" }
created_at = { header = "Bestellt am", formats = ["%d.%m.%Y %H:%M"], zone = ZONE }
amount = "Betrag (EUR)"
currency = { constant = "EUR" }
payment = { header = "Zahlart", words = { "Nachnahme" = "cod", "*" = "online" } }
traffic = { constant = "ordinary" }
channel = { constant = "other" }
category = "Warengruppe"

[ignore]
headers = ["Kund*", "Status"]
"""
HEAD = "Bestellnr.;Artikelnr.;Bestellt am;Zeit;Betrag (EUR);Zahlart;Warengruppe;Kunde;Status"
ROWS = """\
#1001;A-1;03.11.2025 10:00;MEZ;1.204,50;Karte;Küche;Ann;bezahlt
#1001;A-2;03.11.2025 10:00;MEZ;20,00;Karte;Küche;Ann;bezahlt
#1002;A-1;25.10.2025 23:30;MESZ;32,13 €;Nachnahme;Küche;Bob;bezahlt
#1003;A-1;26.10.2025 09:00;MEZ;5,00;Karte;Bad;Cem;storniert
#1004;A-1;26.10.2025 02:30;MESZ;7,00;Karte;Bad;Dee;bezahlt
#1005;A-1;26.10.2025 02:30;MEZ;8,00;Karte;Bad;Eve;bezahlt
"""
SUMS = "select count(*), sum(amount) from orders"


@pytest.fixture
def shop(duebook: Callable[..., Any], here: Path) -> Path:
    """An empty book, and the export beside it."""
    assert duebook("init").code == 0
    export = here / "Bestellungen.csv"
    rows = f"Bericht vom 01.12.2025\n{HEAD}\n{ROWS}Summe;;;;1.271,63;;;;\n"
    export.write_bytes(rows.encode("windows-1252"))
    return export


def _mapping(here: Path, zone: str) -> Path:
    path = here / "shop.toml"
    path.write_text(MAPPING.replace("ZONE", zone), encoding="utf-8")
    return path


def test_an_export_by_item_is_loaded_with_one_mapping_file(
    duebook: Callable[..., Any], shop: Path, here: Path
) -> None:
    """Its own headers, local times without an offset, a decimal comma: the sum of what is archived
    is that of the file, and each order is of the instant that its clocks showed."""
    zone = '{ header = "Zeit", words = { MEZ = "CET", MESZ = "CEST" } }'
    ran = duebook("orders", shop, "--profile", _mapping(here, zone), "--by", "lin")
    assert ran.code == 0, ran.err
    asked = duebook("query", SUMS, "--format", "json").json
    assert [list(row.values()) for row in asked] == [[5, "1271.63"]]
    days = duebook("query", "select order_id, created_at from orders", "--format", "json").json
    instants = {row["order_id"]: str(row["created_at"]) for row in days}
    assert instants["1004"] < instants["1005"]
    assert instants["1002"].replace(" ", "T")[:16] == "2025-10-25T21:30"
    again = duebook("orders", shop, "--profile", here / "shop.toml", "--by", "lin")
    assert (again.code, "5" in again.out) == (0, True)


def test_an_hour_that_clocks_show_twice_is_refused_until_a_column_says_which(
    duebook: Callable[..., Any], shop: Path, here: Path
) -> None:
    """With a zone for all rows two orders of half past two are of no instant; nothing of the file
    is recorded then, and both rows are named."""
    profile = _mapping(here, '"Europe/Berlin"')
    profile.write_text(
        profile.read_text("utf-8").replace('"Kund*"', '"Kund*", "Zeit"'), encoding="utf-8"
    )
    ran = duebook("orders", shop, "--profile", profile, "--by", "lin", "--format", "json")
    assert ran.code == 1
    rejected = ran.json["rejected"]
    assert [(one["row"], one["code"]) for one in rejected] == [
        (7, "invalid_field"),
        (8, "invalid_field"),
    ]
    assert all("skips or repeats" in one["expected"] for one in rejected)
    assert duebook("query", SUMS, "--format", "json").json[0]["count_star()"] == 0


def test_a_total_that_the_export_says_and_its_rows_do_not_is_refused(
    duebook: Callable[..., Any], shop: Path, here: Path
) -> None:
    """A row is missing: nothing is recorded."""
    shop.write_bytes(shop.read_bytes().replace(b"20,00;Karte", b"20,01;Karte"))
    zone = '{ header = "Zeit", words = { MEZ = "CET", MESZ = "CEST" } }'
    ran = duebook("orders", shop, "--profile", _mapping(here, zone), "--by", "lin")
    assert ran.code == 1
    assert "found the total 1271.63 EUR, expected 1271.64" in ran.err
