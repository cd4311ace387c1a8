"""`settle --engine spark`, as it is typed: what is said without Spark, and the bytes with it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli.main import STOPPED
from tests.cli.conftest import DUEBOOK
from tests.marks import more
from tests.object_store import free_ports
from tests.spark import HERE, SMALL, connect_server, spark

Duebook = Callable[..., Any]
MONTH = ("technical-fee-2020", "2020-05", "--fresh")
QUARTER = ("recruiting-eu-jp-2026q1",)
COMMISSIONS = ("affiliate-us-2024", "2026-03")
ORDERS = Path(__file__).parents[2] / "fixtures" / "demo" / "orders-affiliate-2026-03.csv"
ON_SPARK = ("--engine", "spark")
AT = ("--as-of", "2026-11-01")


def test_without_an_address_it_says_what_to_set(
    busy: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A master or a Connect server; and nothing is worked out by anything else."""
    monkeypatch.delenv("DUEBOOK_SPARK", raising=False)
    ran = duebook("settle", *MONTH, *ON_SPARK)
    assert (ran.code, ran.out) == (2, "")
    assert "DUEBOOK_SPARK does not say which Spark to use" in ran.err
    assert "DUEBOOK_SPARK='local[2]'" in ran.err
    assert "sc://HOST" in ran.err


def test_without_the_library_it_says_how_to_get_it(
    busy: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where only a part of it is there."""
    monkeypatch.setenv("DUEBOOK_SPARK", HERE)
    for name in ("grpc", "pyarrow", "pyspark"):
        monkeypatch.setitem(sys.modules, name, None)
    ran = duebook("settle", *MONTH, *ON_SPARK)
    assert (ran.code, ran.out) == (2, "")
    assert "pip install 'duebook[spark]'" in ran.err


def test_what_takes_no_engine_is_refused(busy: Path, duebook: Duebook) -> None:
    """Other readings of an assumption are worked out by DuckDB alone."""
    ran = duebook("settle", *MONTH, *ON_SPARK, "--assumptions")
    assert (ran.code, "--assumptions goes without --engine" in ran.err) == (2, True)


def test_duckdb_may_be_named(busy: Path, duebook: Duebook) -> None:
    """It is what is asked otherwise, and answers say nothing of it."""
    asked = ("settle", *MONTH, *AT, "--format", "json")
    assert duebook(*asked, "--engine", "duckdb") == duebook(*asked)
    assert "engine" not in duebook(*asked).json


def run(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Runs the command as its own process, in the current folder."""
    small = {"PYSPARK_SUBMIT_ARGS": SMALL, "DUEBOOK_SPARK": HERE}
    return subprocess.run(
        [DUEBOOK, *words],
        env=os.environ | small | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@more
def test_an_answer_is_the_same_to_the_byte(busy: Path, duebook: Duebook) -> None:
    """With explanations, which are asked for late; besides the name of the engine. Nothing else is
    said, and no file is left behind."""
    spark()
    assert duebook("orders", ORDERS, "--by", "lin").code == 0
    here = sorted(Path().iterdir())
    for asked in (MONTH, COMMISSIONS, (*QUARTER, "--fresh", "--jobs", "3")):
        words = ("settle", *asked, *AT, "--format", "ndjson")
        ran, ours = run(*words, *ON_SPARK), duebook(*words)
        assert (ran.returncode, ran.stdout, ran.stderr) == ours
        assert ours.out
    ran = run("settle", *MONTH, *AT, *ON_SPARK)
    table = duebook("settle", *MONTH, *AT)
    said = f"Worked out by Spark {spark().version}.\n"
    assert (ran.stdout, ran.stderr.replace(said, "")) == (table.out, table.err)
    assert said in ran.stderr
    assert sorted(Path().iterdir()) == here


@more
def test_a_connect_server_answers_the_same(busy: Path, duebook: Duebook, tmp_path: Path) -> None:
    """Once it is up; and where it is not, that is said."""
    (port,) = free_ports(1)
    address = f"sc://127.0.0.1:{port}"
    assert duebook("orders", ORDERS, "--by", "lin").code == 0
    with connect_server(tmp_path, port):
        for asked in (COMMISSIONS, (*QUARTER, "--fresh", "--jobs", "2")):
            words = ("settle", *asked, *AT, "--format", "json")
            ran = run(*words, *ON_SPARK, DUEBOOK_SPARK=address, JAVA_HOME="/nowhere")
            answer = json.loads(ran.stdout)
            assert answer.pop("engine")["name"] == "spark"
            assert answer == duebook(*words).json
            assert answer["lines"]
    ran = run(*words, *ON_SPARK, DUEBOOK_SPARK=address)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert f"No Spark Connect server is reached at 127.0.0.1:{port}: " in ran.stderr


@more
def test_a_cluster_without_duebook_is_told_what_it_needs(
    busy: Path, duebook: Duebook, tmp_path: Path
) -> None:
    """Of a Python in which its machines do not find it."""
    spark()
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    packages = [path for path in sys.path if "site-packages" in path]
    bare = tmp_path / "bare"
    bare.mkdir()
    for part in Path(packages[0]).iterdir():
        if not part.name.startswith(("duebook", "_duebook", "_editable", "__editable")):
            (bare / part.name).symlink_to(part)
    ran = run(*("settle", *QUARTER, "--fresh", *AT, *ON_SPARK),
              PYSPARK_PYTHON=str(python), PYTHONPATH=str(bare))  # fmt: skip
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "A machine of the cluster has no duebook in its Python." in ran.stderr
    assert "needs this version of duebook" in ran.stderr
    assert "Traceback" not in ran.stderr


def _command(process: psutil.Process) -> str:
    with suppress(psutil.Error):  # it may just have ended
        return " ".join(process.cmdline())
    return ""


class AtWork:
    """A quarter that is settled on Spark by a process of its own."""

    def __init__(self) -> None:
        spark()
        self.process = subprocess.Popen(
            [DUEBOOK, "settle", *QUARTER, "--fresh", "--jobs", "3", *AT, *ON_SPARK],
            env=os.environ | {"PYSPARK_SUBMIT_ARGS": SMALL, "DUEBOOK_SPARK": HERE},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def helpers(self, word: str) -> list[psutil.Process]:
        """The processes below it in whose command line a word stands, once there are some."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            below = psutil.Process(self.process.pid).children(recursive=True)
            named = [child for child in below if word in _command(child)]
            if named:
                return named
            time.sleep(0.02)
        raise AssertionError(self.process.communicate())


@more
@pytest.mark.parametrize("helper", ["java", "pyspark.daemon"])
def test_ctrl_c_ends_it_in_peace(busy: Path, helper: str) -> None:
    """While Spark starts, and while it works: 130, and nothing but that it was stopped. No process
    is left."""
    at_work = AtWork()
    started = at_work.helpers(helper)
    at_work.process.send_signal(signal.SIGINT)
    _, said = at_work.process.communicate(timeout=120)
    assert not psutil.wait_procs(started, timeout=60)[1]
    assert at_work.process.returncode == 130, said
    assert said.strip().endswith(STOPPED)
    assert "Traceback" not in said


@more
def test_a_spark_that_dies_amid_the_work_is_said_in_words(busy: Path) -> None:
    """And what failed is not hidden by what then cannot be put away."""
    at_work = AtWork()
    at_work.helpers("pyspark.daemon")
    for java in at_work.helpers("SparkSubmit"):
        java.kill()
    _, said = at_work.process.communicate(timeout=120)
    assert at_work.process.returncode == 1
    assert "Error: Spark did not answer: " in said
    assert "leave --engine out" in said
    assert "Traceback" not in said


@more
def test_spark_that_cannot_start_is_said_in_words(busy: Path) -> None:
    """Without Java, with an address that is none, and with memory that cannot be had."""
    spark()
    words = ("settle", *MONTH, *AT, *ON_SPARK)
    ran = run(*words, JAVA_HOME="/nowhere")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "by Java, and /nowhere/bin/java is not there" in ran.stderr
    ran = run(*words, DUEBOOK_SPARK="nonsense")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "Java ended before Spark had started: " in ran.stderr
    assert "Master must either be yarn or start with spark" in ran.stderr
    ran = run(*words, PYSPARK_SUBMIT_ARGS="--driver-memory 1x pyspark-shell")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "1x" in ran.stderr
