"""Plays another computer: starts the training of a command there and returns at once, as a queue does.

python -m tests.helpers.remote_host CONFIG RUN [--resume]
"""

import subprocess
import sys


def main() -> None:
    config, run, *rest = sys.argv[1:]
    command = [sys.executable, "-m", "tcm_core", "train", "--config", config, "--out", run, *rest]
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.Popen(command, start_new_session=True, **silent)


if __name__ == "__main__":
    main()
