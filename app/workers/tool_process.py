"""Runs of the command line `tcm`: what is heavy or reads foreign files stays out of the studio."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal, Slot

from app.command_line import tcm_environment, tcm_words

_SAID_LIMIT = 20_000  # letters


class ToolProcess(QObject):
    """Runs one command at a time; ended with the studio.

    Attributes:
        ended: exit status (-1: it crashed, was stopped or never began), and what it said on stderr.
    """

    ended = Signal(int, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None

    @property
    def running(self) -> bool:
        """Whether a command runs."""
        return self._process is not None

    def start(self, arguments: Sequence[str]) -> None:
        """Run `tcm` with these arguments; no shell sees them.

        Raises:
            RuntimeError: another runs.
        """
        if self._process is not None:
            raise RuntimeError("a command runs already")
        process = self._process = QProcess(self)
        environment = QProcessEnvironment()
        for name, value in {**tcm_environment(), "NO_COLOR": "1", "COLUMNS": "1000", "TERM": "dumb"}.items():
            environment.insert(name, value)
        process.setProcessEnvironment(environment)
        process.setStandardInputFile(QProcess.nullDevice())
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._refused)
        program, *words = tcm_words()
        process.start(program, [*words, *arguments])

    def stop(self) -> None:
        """End it at once; `ended` follows."""
        if self._process is not None:
            self._process.kill()

    def shutdown(self) -> None:
        """End it and wait for it; nothing is told."""
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect(self._finished)
            process.errorOccurred.disconnect(self._refused)
            process.kill()
            process.waitForFinished()

    @Slot(int, QProcess.ExitStatus)
    def _finished(self, status: int, how: QProcess.ExitStatus) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        said = bytes(process.readAllStandardError().data()).decode("utf-8", errors="replace")
        process.deleteLater()
        crashed = how is QProcess.ExitStatus.CrashExit
        self.ended.emit(-1 if crashed else status, said.strip()[-_SAID_LIMIT:])

    @Slot(QProcess.ProcessError)
    def _refused(self, error: QProcess.ProcessError) -> None:
        if error is not QProcess.ProcessError.FailedToStart:
            return  # `finished` follows
        process, self._process = self._process, None
        if process is not None:
            said = process.errorString()
            process.deleteLater()
            self.ended.emit(-1, said)
