"""How the threads of a pass wait for one another."""

import os
from typing import Final

_POLICY: Final = "OMP_WAIT_POLICY"


def wait_without_spinning() -> None:
    """Lets threads that wait for others sleep; to be called before torch is imported, which reads it once.

    GNU's OpenMP lets them spin. When another program has one of the processors, they burn the time that the
    one they wait for would need: passes with two threads took twice as long on a machine that was busy. What
    the environment says already stays.
    """
    os.environ.setdefault(_POLICY, "PASSIVE")
