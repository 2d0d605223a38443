"""`python -m tcm_core` is the command `tcm`."""

import sys

from tcm_core.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
