"""The errors that people meet; each message says what is wrong, where, and what to do."""


class TcmError(Exception):
    """Something about a file, a setting or a device that the person can mend."""


class BadLabels(TcmError):
    """A label file does not hold what its format asks for."""


class BadCheckpoint(TcmError):
    """A checkpoint is missing, damaged or made for another model."""


class BadConfig(TcmError):
    """A configuration has an unknown key, a wrong type or values that contradict each other."""


class BadImage(TcmError):
    """An image cannot be read, or is too large to be decoded."""


class DeviceUnavailable(TcmError):
    """The device asked for is not there or cannot be used."""
