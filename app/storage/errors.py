"""The one error of everything that keeps a person's work on disk."""

from tcm_core.errors import TcmError


class StorageError(TcmError):
    """Something could not be read or kept; the message says what, where and what to do.

    Nothing is half-written.
    """
