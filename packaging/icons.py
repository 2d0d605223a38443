"""The application's icon for Windows (.ico) and macOS (.icns), drawn from the one in resources/.

python packaging/icons.py FOLDER
"""

import os
import sys
from pathlib import Path

SIZE = 256  # the largest that both formats take


def main(folder: Path) -> None:
    """Writes tcm-studio.ico and tcm-studio.icns."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    application = QGuiApplication([])
    picture = QImage(SIZE, SIZE, QImage.Format.Format_ARGB32)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(str(Path(__file__).resolve().parents[1] / "resources" / "icons" / "app.svg")).render(painter)
    painter.end()
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in ("ico", "icns"):
        if not picture.save(str(folder / f"tcm-studio.{suffix}")):
            sys.exit(f"tcm-studio.{suffix} could not be written into {folder}")
    del application


if __name__ == "__main__":
    main(Path(sys.argv[1]))
