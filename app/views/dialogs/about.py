"""What the program is, its version, and the licences of what it is made of."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QTextBrowser, QVBoxLayout, QWidget

from app.views.theme import application_icon

LICENCES = (
    ("TCM Studio and tcm_core", "Apache-2.0"),
    ("Sample photographs and their labels (ICDAR 2015)", "CC BY 4.0"),
    (
        "The method: TCM, Yu et al. 2023. The authors' own code, which is not part of this program",
        "CC BY-NC 4.0",
    ),
    ("Qt for Python (PySide6)", "LGPL-3.0"),
    ("PyTorch, torchvision", "BSD-3-Clause"),
    ("open_clip", "MIT"),
    ("timm, safetensors, accelerate", "Apache-2.0"),
    ("OpenCV", "Apache-2.0"),
    ("NumPy, shapely", "BSD-3-Clause"),
    ("pyqtgraph, pyclipper, pydantic, rich, typer, platformdirs, tomlkit", "MIT"),
    ("Pillow", "MIT-CMU"),
)


class AboutDialog(QDialog):
    """Name, version, licences."""

    def __init__(self, version: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About TCM Studio")
        self.resize(560, 460)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        picture = QLabel()
        picture.setPixmap(application_icon().pixmap(64, 64))
        title = QLabel(f"TCM Studio {version}")
        title.setProperty("role", "title")
        line = QLabel(
            "Find, correct and export text in photographs with TCM, a scene text detector made from CLIP."
        )
        line.setWordWrap(True)
        self.licences = licences = QTextBrowser()
        licences.setAccessibleName("Licences")
        rows = "".join(
            f"<tr><td>{name}</td><td>&nbsp;&nbsp;{licence}</td></tr>" for name, licence in LICENCES
        )
        licences.setHtml(f"<table cellpadding='3'>{rows}</table>")
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        for widget in (picture, title, line):
            column.addWidget(
                widget, 0, Qt.AlignmentFlag.AlignLeft if widget is picture else Qt.AlignmentFlag(0)
            )
        column.addWidget(licences, 1)
        column.addWidget(close)
