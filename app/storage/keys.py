"""Keys: how pages are named, as paths in the folder of images."""

from pathlib import PurePosixPath, PureWindowsPath

from app.storage.errors import StorageError


def check_key(key: str) -> None:
    """Refuse a key that does not stay in the folder, whatever the system.

    Raises:
        StorageError: the key is empty, absolute, has ".." in it, or cannot be written as text.
    """
    posix, windows = PurePosixPath(key), PureWindowsPath(key)
    leaves = posix.is_absolute() or windows.is_absolute() or ".." in posix.parts or ".." in windows.parts
    if not key or leaves or "\0" in key:
        raise StorageError(
            f"{key!r} is not a path inside the folder of images. Open the folder that holds the image."
        )
    try:
        key.encode("utf-8")
    except UnicodeEncodeError as error:
        raise StorageError(
            f"The name {key!r} is not valid text, so its labels cannot be kept. Rename the file."
        ) from error
