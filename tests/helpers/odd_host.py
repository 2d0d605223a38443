"""Plays another computer on which something is wrong.

python -m tests.helpers.odd_host deaf NOTES CONFIG RUN          notes that it was asked, and starts nothing
python -m tests.helpers.odd_host full BYTES CONFIG RUN [...]    no file may be larger than so many bytes
"""

import resource
import subprocess
import sys
from pathlib import Path


def main() -> None:
    kind, value, config, run, *rest = sys.argv[1:]
    if kind == "deaf":
        with Path(value).open("a", encoding="utf-8") as notes:
            notes.write(f"{run}\n")
        return
    command = [sys.executable, "-m", "tcm_core", "train", "--config", config, "--out", run, *rest]
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(value), int(value)))
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.Popen(command, start_new_session=True, **silent)


if __name__ == "__main__":
    main()
