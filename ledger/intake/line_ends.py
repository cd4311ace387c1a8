"""Line ends of more than one kind in one file, or of carriage returns alone, made one."""

from pathlib import Path

BLOCK_BYTES = 1024 * 1024


def with_one_line_end(path: Path, copy: Path) -> bool:
    """Writes a copy in which every line ends in the same way, if those of the file do not, or end
    in carriage returns alone; whether it did. No line gets another number by it."""
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
