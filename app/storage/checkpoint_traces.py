"""What one checkpoint has left in a project: its predictions, listed and taken away."""

from app.storage.project_file import ProjectFile

_OF_IT = "substr(checkpoint_hash, 1, length(?1)) = ?1"  # in other input sizes its hash has an ending


class CheckpointTraces:
    """The predictions of a checkpoint on all pages, by its hash, in whatever size it looked at them."""

    def __init__(self, file: ProjectFile) -> None:
        self._file = file

    def found_on(self, checkpoint_hash: str) -> list[tuple[str, str]]:
        """Page and hash, with the ending of its input size, of everything that it has looked at.

        Raises:
            StorageError: the file cannot be read.
        """
        with self._file.reading("read what a checkpoint has found") as connection:
            rows = connection.execute(
                f"SELECT key, checkpoint_hash FROM predictions WHERE {_OF_IT} ORDER BY key",
                (checkpoint_hash,),
            ).fetchall()
        return [(key, found) for key, found in rows]

    def settings(self, checkpoint_hash: str) -> dict[str, str]:
        """The pages that it has looked at in its own size, and by which decode settings (JSON), in one go.

        Raises:
            StorageError: the file cannot be read.
        """
        with self._file.reading("read what a checkpoint has found") as connection:
            rows = connection.execute(
                "SELECT key, settings FROM predictions WHERE checkpoint_hash = ?", (checkpoint_hash,)
            ).fetchall()
        return dict(rows)

    def forget(self, checkpoint_hash: str) -> None:
        """Take its predictions of all pages away; regions and those of other checkpoints stay.

        Raises:
            StorageError: they are still there.
        """
        with self._file.writing("take away what a checkpoint has found") as connection:
            connection.execute(f"DELETE FROM predictions WHERE {_OF_IT}", (checkpoint_hash,))
