"""`make pictures`: writes `docs/pictures/` anew, from a book that it makes and throws away."""

import os
import tempfile
from pathlib import Path

from cli.main import run
from tests.cli.busy import keep_busy
from tests.pictures.documented import FOLDER, pictures

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    assert run(["init", "--demo"]) == 0
    keep_busy(Path("duebook.db"))
    made = pictures()
    os.chdir(FOLDER.parent)
FOLDER.mkdir(exist_ok=True)
for name, text in made.items():
    (FOLDER / name).write_text(text, encoding="utf-8")
print(f"Wrote {len(made)} pictures to {FOLDER.relative_to(FOLDER.parents[1])}.")
