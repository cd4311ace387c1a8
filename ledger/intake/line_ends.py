"""Makes the line ends of a file uniform where they are mixed or are carriage returns alone."""

from pathlib import Path

BLOCK_BYTES = 1024 * 1024


def with_one_line_end(path: Path, copy: Path) -> bool:
    """Writes a copy with uniform line ends if the file mixes them or has carriage returns alone;
    returns whether it did. Line numbers stay the same."""
    kinds, last = set[bytes](), b""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            text = last + block
            last = b"\r" if text.endswith(b"\r") else b""
            text = text[: len(text) - len(last)]
            both = text.count(b"\r\n")
            kinds |= {b"\r\n"} if both else set()
            kinds |= {b"\n"} if text.count(b"\n") > both else set()
            kinds |= {b"\r"} if text.count(b"\r") > both else set()
    if not kinds - {b"\r"} and last:
        kinds.add(b"\r")
    if kinds in ({b"\n"}, {b"\r\n"}, set()):
        return False
    with path.open("rb") as file, copy.open("xb") as made:
        last = b""
        while block := file.read(BLOCK_BYTES):
            text = last + block
            last = b"\r" if text.endswith(b"\r") else b""
            text = text[: len(text) - len(last)]
            made.write(text.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
        made.write(b"\n" if last else b"")
    return True
