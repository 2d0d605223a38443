"""The start of TCM Studio: arguments, checks before Qt is imported, logs, the window or its headless work."""

import argparse
import faulthandler
import gc
import importlib.metadata
import json
import logging
import logging.handlers
import os
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Final

from app.command_line import COMMAND_LINE
from app.large_blocks import give_back_large_blocks
from app.settings.store import Home, find_home
from tcm_core.doctor import qt_version_finding
from tcm_core.system_libraries import install_line, missing_qt_libraries

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from app.compose import Studio
    from app.views.problem_relay import ProblemRelay
    from app.workers.gpu_worker import PredictorFactory

LOG_BYTES: Final = 1_000_000
LOG_FILES: Final = 3
PLATFORMS_WITH_DISPLAY: Final = ("", "xcb", "wayland", "wayland-egl")

_log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        argv: arguments without the program's name; None: those of the process.

    Returns:
        The exit status: 0 all went well, 1 some of the work failed, 2 it could not be done at all.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == [COMMAND_LINE]:
        from tcm_core.cli.main import main as run_command_line

        return run_command_line(words[1:])
    arguments = make_parser().parse_args(words)
    if arguments.self_test:
        return run_self_test(arguments)
    if arguments.headless or no_display():
        from app.headless import run_headless

        return run_headless(arguments.folder, arguments.out, arguments.checkpoint, arguments.device)
    if (reason := qt_unusable()) is not None:
        sys.stderr.write(f"{reason}\n")
        return 2
    return run_window(arguments)


def no_display() -> bool:
    """Whether this is a Linux without a screen, and nobody asked for a platform of Qt by name."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform.startswith("linux") and not any(os.environ.get(name) for name in named)


def qt_unusable() -> str | None:
    """Why Qt cannot be used here, and what to do about it; None when it can. Qt is not imported for it."""
    try:
        version = importlib.metadata.version("PySide6-Essentials")
    except importlib.metadata.PackageNotFoundError:
        version = None
    finding = qt_version_finding(version, sys.version_info[:2])
    if not finding.ok:
        return f"TCM Studio cannot start: {finding.name} {finding.value}.\nWhat to do: {finding.remedy}"
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0].split(";")[0]
    missing = missing_qt_libraries(window=platform in PLATFORMS_WITH_DISPLAY)
    if missing:
        names = ", ".join(library.soname for library in missing)
        return (
            f"TCM Studio cannot open a window: these system libraries are missing: {names}.\n"
            f"On Debian and Ubuntu this installs them:\n    {install_line(missing)}\n"
            "Until then the same work goes without a window: add --headless."
        )
    return None


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="tcm-studio",
        description="Find, correct and export text in photographs.",
        epilog=f"tcm-studio {COMMAND_LINE} is the command line tcm; see tcm-studio {COMMAND_LINE} --help.",
    )
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="folder of images to open")
    parser.add_argument("--checkpoint", metavar="NAME|FILE", help="a shipped checkpoint's name, or a file")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), help="where the detector runs")
    parser.add_argument(
        "--detect", action="store_true", help="find the text of all images not yet looked at, at once"
    )
    parser.add_argument("--data-home", type=Path, metavar="DIR", help="keep settings, caches and logs here")
    parser.add_argument(
        "--headless", action="store_true", help="no window: find the text of all images of the folder"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of the results without a window (default: out/FOLDER)"
    )
    parser.add_argument("--version", action="version", version=f"TCM Studio {_version()}")
    parser.add_argument(
        "--self-test", action="store_true", help="try this installation: open, detect, edit, export, end"
    )
    parser.add_argument(
        "--training", action="store_true", help="with --self-test: fine-tune for a few steps, too"
    )
    parser.add_argument("--exit-when-shown", action="store_true", help=argparse.SUPPRESS)
    return parser


def _version() -> str:
    try:
        return importlib.metadata.version("tcm-studio")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def run_self_test(arguments: argparse.Namespace) -> int:
    """The window on bundled photographs, led through its work, with everything in a folder that goes away.

    Returns:
        0 when it works, 1 when a step fails (standard output says which), 2 when there can be no window.
    """
    if no_display():
        sys.stderr.write("The self-test needs a display; without one: xvfb-run tcm-studio --self-test\n")
        return 2
    if (reason := qt_unusable()) is not None:
        sys.stderr.write(f"{reason}\n")
        return 2
    from app.self_test import make_folder, temporary_home

    with temporary_home() as home:
        arguments.data_home = Path(home) / "data"
        arguments.folder = make_folder(Path(home))
        return run_window(arguments)


def run_window(arguments: argparse.Namespace, predictor_factory: "PredictorFactory | None" = None) -> int:
    """The window from start to end. Everything that was changed in the process is put back.

    Args:
        arguments: from make_parser.
        predictor_factory: makes the detector; None: the one that loads checkpoints.

    Returns:
        The exit status.
    """
    from PySide6.QtWidgets import QApplication

    from app.gui_collector import GuiCollector

    give_back_large_blocks()
    home = find_home(arguments.data_home)
    handler, fault_log = _start_logs(home)
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication(sys.argv[:1])
    application.setApplicationName("TCM Studio")
    application.setDesktopFileName("tcm-studio")
    hooks = sys.excepthook, threading.excepthook
    collector = GuiCollector()
    collector.start()  # nothing is let go by the start, which is over before it looks
    try:
        return _show_studio(application, home, arguments, predictor_factory)
    finally:
        collector.stop()
        sys.excepthook, threading.excepthook = hooks
        logging.getLogger().removeHandler(handler)
        with suppress(OSError):  # of a full disk, which is no reason to end with an error
            handler.close()
        if fault_log is not None:
            faulthandler.disable()
            with suppress(OSError):
                fault_log.close()


def _show_studio(
    application: "QApplication",
    home: Home,
    arguments: argparse.Namespace,
    predictor_factory: "PredictorFactory | None",
) -> int:
    from app.compose import Studio
    from app.views.problem_relay import ProblemRelay
    from app.workers.gpu_worker import load_predictor

    relay = ProblemRelay()
    _install_hooks(relay)
    studio = Studio(
        home, _version(), arguments.checkpoint, arguments.device, predictor_factory or load_predictor
    )
    relay.problem.connect(studio.report)
    if arguments.exit_when_shown:
        _exit_when_shown(studio)
    studio.painted.connect(_keep_out_of_collections)
    studio.parts.detection.checkpoint_ready.connect(_keep_out_of_collections)
    studio.show()
    if arguments.detect:
        studio.detect_at_start()
    if arguments.folder is not None:
        studio.commands.file.open_path(str(arguments.folder.absolute()))
    tried = None
    if arguments.self_test:
        from app.self_test import SelfTest

        tried = SelfTest(studio, home.logs.parent / "exported", training=arguments.training)
        studio.painted.connect(tried.start)
    status = application.exec()
    if tried is not None:
        status = tried.status
    ended = studio.shut_down()
    studio.discard()
    if not ended:  # a thread that cannot be ended must not keep the process
        logging.shutdown()
        os._exit(status)
    return status


def _keep_out_of_collections() -> None:
    """What is there now stays: window, modules, network.

    A full collection that goes through all of it takes long enough to be felt (0.4 s with torch).
    """
    gc.freeze()


def _install_hooks(relay: "ProblemRelay") -> None:
    """Errors that nobody caught go to the log and, from whatever thread, to the dialog in the GUI thread."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        _log.error("unforeseen error", exc_info=(kind, error, trace))
        relay.tell(kind, error, trace)

    def thread_hook(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            hook(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    sys.excepthook = hook
    threading.excepthook = thread_hook


def _start_logs(home: Home) -> tuple[logging.Handler, IO[str] | None]:
    """A rotating log and a file for crashes of native code; the program runs without a place for them too."""
    root = logging.getLogger()
    try:
        home.logs.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            home.logs / "studio.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
        )
        fault_log: IO[str] | None = (home.logs / "crash.log").open("a", encoding="utf-8")
    except OSError:
        handler, fault_log = logging.NullHandler(), None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    logging.getLogger("app").setLevel(logging.INFO)
    if fault_log is not None:
        faulthandler.enable(fault_log)
    return handler, fault_log


def _exit_when_shown(studio: "Studio") -> None:
    """For the measurement of the start: say when the window was painted and what was imported by then."""

    from PySide6.QtGui import QGuiApplication

    def painted() -> None:
        shown = {
            "painted_at": time.time(),
            "torch_imported": "torch" in sys.modules,
            "platform": QGuiApplication.platformName(),
        }
        sys.stdout.write(json.dumps(shown) + "\n")
        sys.stdout.flush()
        os._exit(0)  # the detector's thread is not waited for

    studio.painted.connect(painted)


if __name__ == "__main__":
    sys.exit(main())
