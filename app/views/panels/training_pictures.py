"""The same pages at every validation of a run: a slider goes through its time."""

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QPixmap, QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QSlider, QVBoxLayout, QWidget

from app.domain.finetune_course import Course
from app.i18n.translation import tr


class TrainingPictures(QWidget):
    """One page as the detector saw it at one step; Left and Right on the slider go through the steps."""

    def __init__(self) -> None:
        super().__init__()
        self._folder: Path | None = None
        self._course = Course()
        self._names: dict[str, str] = {}
        self._pixmap = QPixmap()
        self.page = QComboBox()
        self.page.setAccessibleName("Page")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Step of the training")
        self.slider.setPageStep(1)
        self.step = QLabel()
        self.step.setMinimumWidth(110)
        self.picture = QLabel()
        self.picture.setAccessibleName("The page as it was seen at this step")
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.legend = QLabel("Green: as labelled. Over the page: the score map and what is found.")
        self.legend.setWordWrap(True)
        column = QVBoxLayout(self)
        column.addWidget(self.page)
        column.addWidget(self.picture, 1)
        row = QHBoxLayout()
        row.addWidget(self.slider, 1)
        row.addWidget(self.step)
        column.addLayout(row)
        column.addWidget(self.legend)
        self.page.currentIndexChanged.connect(self._show)
        self.slider.valueChanged.connect(self._show)

    def show_course(self, folder: Path, course: Course, names: dict[str, str]) -> None:
        """Offer the pictures of a run.

        Args:
            folder: of the run.
            course: what is known of it.
            names: key of the page by the name of its frozen image.
        """
        other = folder != self._folder
        at_end = other or self.slider.value() == self.slider.maximum()
        self._folder, self._course, self._names = folder, course, names
        images, steps = course.picture_images, course.picture_steps
        chosen = None if other else self.page.currentData()
        if [self.page.itemData(row) for row in range(self.page.count())] != images:
            self.page.blockSignals(True)
            self.page.clear()
            for image in images:
                self.page.addItem(names.get(image, image), image)
            self.page.setCurrentIndex(max(0, self.page.findData(chosen)))
            self.page.blockSignals(False)
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, len(steps) - 1))
        if at_end:
            self.slider.setValue(self.slider.maximum())
        self.slider.blockSignals(False)
        self.slider.setEnabled(len(steps) > 1)
        self._show()

    @Slot()
    def _show(self) -> None:
        steps = self._course.picture_steps
        self._pixmap = QPixmap()
        if not steps or self._folder is None:
            self.step.setText("")
            self.picture.setText(tr("Pictures come with every validation."))
            return
        step = steps[min(self.slider.value(), len(steps) - 1)]
        found = self._course.picture(step, str(self.page.currentData()))
        self.step.setText(tr(f"step {step}"))
        if found is not None and _inside(self._folder, found.file):
            self._pixmap = QPixmap(str(self._folder / found.file))
        if self._pixmap.isNull():
            self.picture.setText(tr("There is no picture of this page at this step."))
        else:
            self._fit()

    def _fit(self) -> None:
        room = self.picture.size()
        smooth = Qt.TransformationMode.SmoothTransformation
        self.picture.setPixmap(self._pixmap.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, smooth))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._pixmap.isNull():
            self._fit()


def _inside(folder: Path, name: str) -> bool:
    """Whether a file that the events name lies in the run's folder."""
    return (folder / name).resolve().is_relative_to(folder.resolve())
