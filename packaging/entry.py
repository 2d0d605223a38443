"""What the frozen program starts with."""

import multiprocessing
import sys

from app.__main__ import main

if __name__ == "__main__":
    multiprocessing.freeze_support()  # the training engine's loader processes are this program again
    sys.exit(main())
