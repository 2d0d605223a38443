"""What the frozen program starts with."""

import multiprocessing
import sys
from types import ModuleType

from app.__main__ import main

# torchvision's compiled operators are not in the frozen program (studio.spec); what registers them on import
# would fail, so an empty module stands in its place.
_REGISTRATIONS = "torchvision._meta_registrations"
sys.modules.setdefault(_REGISTRATIONS, ModuleType(_REGISTRATIONS))

if __name__ == "__main__":
    multiprocessing.freeze_support()  # the training engine's loader processes are this program again
    sys.exit(main())
