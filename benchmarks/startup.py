"""Time from the start of the process to the painted window, and whether torch was imported by then.

    python benchmarks/startup.py [--runs 5] [--json FILE]

Each run is a process of its own with a fresh home; the first one reads the files from the disk.
Without a display the window is painted by Qt's offscreen platform.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parent.parent
BUDGET_S: Final = 1.5


@dataclass(frozen=True)
class Run:
    """One start.

    Attributes:
        seconds: from the start of the process to the end of the window's first painting.
        torch_imported: whether torch was in the process by then.
    """

    seconds: float
    torch_imported: bool


def start_once() -> Run:
    """Start the program in a process and wait until it says that its window is painted.

    Raises:
        RuntimeError: the program did not say so.
    """
    environment = dict(os.environ)
    if not any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        environment["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "app", "--data-home", home, "--exit-when-shown"]
        started = time.time()
        ended = subprocess.run(
            command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
    if ended.returncode != 0 or not ended.stdout.strip():
        raise RuntimeError(f"the program did not show its window:\n{ended.stderr}")
    shown = json.loads(ended.stdout.splitlines()[-1])
    return Run(shown["painted_at"] - started, shown["torch_imported"])


def main() -> int:
    """Measure, print a table, and write the figures when asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    runs = [start_once() for _ in range(arguments.runs)]
    times = [run.seconds for run in runs]
    figures = {
        "runs": [asdict(run) for run in runs],
        "first_s": times[0],
        "median_s": statistics.median(times),
        "worst_s": max(times),
        "budget_s": BUDGET_S,
        "torch_imported": any(run.torch_imported for run in runs),
    }
    print(f"{'run':>6}  {'window painted after':>21}  torch imported")
    for number, run in enumerate(runs, start=1):
        print(f"{number:>6}  {run.seconds:>19.2f} s  {'yes' if run.torch_imported else 'no'}")
    print(f"median {figures['median_s']:.2f} s, worst {figures['worst_s']:.2f} s; budget {BUDGET_S:.1f} s")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if not figures["torch_imported"] else 1


if __name__ == "__main__":
    sys.exit(main())
