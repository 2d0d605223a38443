"""Project files of the tests: pages to put into them, and other processes that work on them."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from app.domain.page import Page
from app.domain.region import new_region
from app.storage.project_db import ProjectDb

SQUARE = np.array(((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)))
PROJECT = Path(".tcm-studio") / "project.sqlite3"


def page_of(count, review="edited"):
    return Page(tuple(new_region(SQUARE + i, text=f"text {i}") for i in range(count)), review)


def reopened(db):
    db.close()
    return ProjectDb.open(db.folder)


def started(script, folder, **options):
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def run(script, folder):
    return subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
