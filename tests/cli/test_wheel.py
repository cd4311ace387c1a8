"""The built wheel, unpacked alone, has all that a user needs."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.marks import more

pytestmark = more
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs, and nothing of the source tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--quiet"]
    command += ["--disable-pip-version-check", "-w", str(folder)]
    subprocess.run(command, check=True, cwd=folder, env={**os.environ, "PYTHONPATH": ""})
    (wheel,) = folder.glob("duebook-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def test_the_demo_and_the_terms_come_with_the_wheel(unpacked: Path, tmp_path: Path) -> None:
    """`init --demo` and `settle` work from the packaged files alone."""
    script = f"""
import sys
sys.path = [{str(unpacked)!r}] + [p for p in sys.path if p and not p.startswith({str(ROOT)!r})] + [
    p for p in sys.path if p.endswith("site-packages")]
sys.meta_path = [one for one in sys.meta_path if "editable" not in str(one).lower()]
import cli.main, ledger, projections
assert all(one.__file__.startswith({str(unpacked)!r}) for one in (cli.main, ledger, projections))
assert cli.main.run(["init", "--demo"]) == 0
assert cli.main.run(["report", "stores"]) == 0
sys.exit(cli.main.run(["settle", "recruiting-eu-jp-2026q1", "--as-of", "2026-06-30"]))
"""
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "Total payable: 54,000.00 CNY" in ran.stderr
    assert (unpacked / "ledger" / "demo" / "04-gmv.csv").exists()


def test_the_wheel_holds_the_three_packages_and_no_tests(unpacked: Path) -> None:
    """Names that others may use are not taken by accident."""
    folders = {one.name for one in unpacked.iterdir() if not one.name.endswith(".dist-info")}
    assert folders == {"ledger", "projections", "cli"}
    entries = next(unpacked.glob("*.dist-info")) / "entry_points.txt"
    assert "duebook = cli.main:main" in entries.read_text()
