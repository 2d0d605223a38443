"""The board: several panes of one page, linked in where they look, what is pointed at and what is chosen."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from app.domain.compare import (
    Difference,
    Group,
    Shape,
    differences,
    group_sets,
    judge,
    polygon_of,
)
from app.domain.page import Page
from app.services.comparison import Comparison, PaneSet, Reference, Source
from app.storage.errors import StorageError
from app.views.compare.area import PaneArea
from app.views.compare.canvas import NOTHING, Look
from app.views.compare.pane import NO_MAP, Pane
from app.views.compare.reading import kept_source, remark_on, why_nothing
from tcm_core.config.decode import DecodeSettings
from tcm_core.errors import TcmError
from tcm_core.evaluate.result import ImageResult
from tcm_core.geometry.overlap import iou
from tcm_core.geometry.polygon import Points

GROUP_AFTER_MS: Final = 60
"""While a slider is dragged, polygons are drawn and judged at once and matched when it rests."""


class Board(QObject):
    """Holds the panes of the open page.

    Attributes:
        differences_changed: list of Difference of the page, in their order.
        chosen_changed: index of the chosen difference, or -1.
        adopt_wanted: a Shape is to become a label.
        vote_wanted: number of the pane that is the best, from 1.
        sources_changed: another source or setting is shown.
        shown: everything was looked up again.
        file_wanted: number of the pane that is to show a checkpoint's file.
        told: something to say in passing.
    """

    differences_changed = Signal(list)
    chosen_changed = Signal(int)
    adopt_wanted = Signal(object)
    vote_wanted = Signal(int)
    sources_changed = Signal()
    shown = Signal()
    file_wanted = Signal(int)
    told = Signal(str)

    def __init__(self, comparison: Comparison, area: PaneArea, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._comparison, self._area = comparison, area
        self.panes: list[Pane] = []
        self.key: str | None = None
        self.against: Reference = ""
        self.protocol = "icdar2015"
        self.groups: tuple[Group, ...] = ()
        self.differences: tuple[Difference, ...] = ()
        self.chosen: Group | None = None
        self.remark = ""  # on the labels of the page
        self._image: QImage | None = None
        self._page: Page | None = None
        self._map_name = NO_MAP
        self._more = False
        self._group_timer = QTimer(self)
        self._group_timer.setSingleShot(True)
        self._group_timer.setInterval(GROUP_AFTER_MS)
        self._group_timer.timeout.connect(self._match)
        comparison.changed.connect(self._changed)
        comparison.failed.connect(self._changed)

    # --- panes ---

    @property
    def sources(self) -> list[Source]:
        """What the panes show, from the first to the last."""
        return [pane.source for pane in self.panes if pane.source is not None]

    def set_count(self, count: int) -> None:
        """Show so many panes; those that are there already keep what they show."""
        while len(self.panes) > count:
            pane = self.panes.pop()
            pane.header.deleteLater()
            pane.canvas.deleteLater()
            pane.deleteLater()
        while len(self.panes) < count:
            self.panes.append(self._new_pane(len(self.panes) + 1))
        self._area.set_panes(self.panes)
        self.refresh()
        for pane in self.panes[1:]:
            pane.canvas.follow(self.panes[0].canvas.look)
        self.sources_changed.emit()

    def _new_pane(self, number: int) -> Pane:
        pane = Pane(number, self._area)
        pane.source_picked.connect(lambda source: self.set_source(pane, source))
        pane.file_wanted.connect(lambda: self.file_wanted.emit(pane.number))
        pane.settings_moved.connect(lambda settings: self.set_settings(pane, settings))
        pane.side_moved.connect(lambda side: self.set_side(pane, side))
        pane.detect_wanted.connect(lambda: self._detect(pane))
        pane.vote_wanted.connect(lambda: self.vote_wanted.emit(pane.number))
        canvas = pane.canvas
        canvas.looked.connect(lambda look: self._looked(pane, look))
        canvas.pointed.connect(lambda place: self._pointed(pane, place))
        canvas.hovered.connect(lambda index: self._hovered(pane, index))
        canvas.chosen.connect(lambda index: self._clicked(pane, index))
        canvas.adopted.connect(lambda index: self.adopt_wanted.emit(pane.shapes[index]))
        canvas.show_image(self._image)
        pane.set_map(self._map_name)
        pane.set_more(self._more)
        return pane

    def set_source(self, pane: Pane, source: Source) -> None:
        """Show something else in a pane; its checkpoint looks at the page if it has not yet."""
        pane.source = source
        self.refresh()
        self.sources_changed.emit()

    def set_settings(self, pane: Pane, settings: DecodeSettings) -> None:
        """Decode a pane's maps by other settings; it is drawn again before this returns."""
        if pane.source is None or self.key is None:
            return
        pane.source = replace(pane.source, settings=settings)
        self._show(pane)
        self._group_timer.start()
        self.sources_changed.emit()

    def show_file(self, number: int, path: Path) -> None:
        """Show what a checkpoint's file finds in a pane; what is no checkpoint is told in words."""
        try:
            source = self._comparison.source_of_file(path)
        except TcmError as error:
            self.told.emit(str(error))
            return
        self.set_source(self.panes[number - 1], source)

    def set_side(self, pane: Pane, side: int) -> None:
        """Let a pane's checkpoint see pictures of another short side, pixels; it looks at the page anew."""
        source = pane.source
        if source is None or self.key is None:
            return
        own = self._comparison.short_side(replace(source, scale=1.0))
        if own is None:
            return
        scale = round(side / own, 4)
        if scale != source.scale:
            self.set_source(pane, replace(source, scale=scale))

    def set_threshold(self, index: int, threshold: float) -> None:
        """Give the pane of this index another score threshold."""
        pane = self.panes[index]
        if pane.settings is not None:
            moved = pane.settings.model_copy(update={"score_threshold": round(threshold, 4)})
            self.set_settings(pane, moved)

    def set_map(self, name: str) -> None:
        """Show a map of every detector, or NO_MAP."""
        self._map_name = name
        for pane in self.panes:
            pane.set_map(name)

    def set_more(self, shown: bool) -> None:
        """Show all settings of every pane, or only the score threshold."""
        self._more = shown
        for pane in self.panes:
            pane.set_more(shown)
        self._area.lay_out()

    def set_rules(self, against: Reference, protocol: str) -> None:
        """Judge against something else, or by another protocol."""
        self.against, self.protocol = against, protocol
        self.refresh()

    # --- the page ---

    def show_page(self, key: str | None) -> None:
        """Show another page; its picture follows."""
        self.key, self.chosen = key, None
        self.show_image(None)
        self.refresh()

    def show_image(self, image: QImage | None) -> None:
        """Show the photograph of the page."""
        self._image = image
        for pane in self.panes:
            pane.canvas.show_image(image)
        self.remark = self._remark()
        self.differences_changed.emit(list(self.differences))

    def labels_changed(self, page: Page) -> None:
        """Look everything up again when the labels of the page are others than before."""
        if page is not self._page:
            self._page = page
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Look everything up again."""
        try:
            choices = [] if self.key is None else self._comparison.choices(self.key)
        except StorageError as error:
            self.told.emit(str(error))
            choices = []
        for pane in self.panes:
            if self.key is not None:
                pane.set_choices(choices, kept_source(pane.source, choices, pane.number))
            self._show(pane)
        self.remark = self._remark()
        self._match()
        self.shown.emit()

    def _show(self, pane: Pane) -> None:
        source, key = pane.source, self.key
        if source is None or key is None:
            pane.show_content(None, (), None, "")
            return
        pane.show_side(self._comparison.short_side(source))
        try:
            content = self._comparison.content(key, source)
            truth = self._comparison.reference(key, self.against) if source.kind != self.against else None
            result = None if truth is None or content is None else self._judge(truth, content)
        except StorageError as error:
            pane.show_content(None, (), None, str(error))
            return
        if content is None:  # what failed is not tried again
            self._comparison.ask_for(source, [key], urgent=True)
        awaited = self._comparison.is_awaited(key, source)
        why = self._comparison.why_not(key, source) or why_nothing(source)
        note = "Looking for text..." if awaited else why
        pane.show_content(content, truth or (), result, note, awaited=awaited)

    def _judge(self, truth: tuple[Shape, ...], content: PaneSet) -> ImageResult | None:
        try:
            return judge(truth, content.shapes, self.protocol)
        except TcmError as error:
            self.told.emit(str(error))
            return None

    def _remark(self) -> str:
        image = self._image
        if self.key is None or not self.against or image is None:
            return ""
        return remark_on(self._comparison, self.key, self.against, (image.height(), image.width()))

    @Slot(str)
    def _changed(self, key: str) -> None:
        if key == self.key:
            self.refresh()

    def _detect(self, pane: Pane) -> None:
        if pane.source is not None and self.key is not None:
            self._comparison.ask_for(pane.source, [self.key], urgent=True, again=True)
            self._show(pane)

    # --- what belongs together ---

    @Slot()
    def _match(self) -> None:
        self._group_timer.stop()
        self.groups = group_sets([pane.shapes for pane in self.panes])
        known = [at for at, pane in enumerate(self.panes) if pane.content is not None]
        found = differences(self.groups, among=known) if len(known) > 1 else ()
        self.differences = found
        self.chosen = None
        self._show_chosen()
        self.differences_changed.emit(list(self.differences))

    def group_of(self, pane: Pane, index: int) -> Group | None:
        """The group that a polygon of a pane stands in; None while a slider is being dragged."""
        if self._group_timer.isActive():
            return None
        at = self.panes.index(pane)
        return next((group for group in self.groups if group.members[at] == index), None)

    def polygon_of(self, group: Group) -> Points:
        """An outline of the text of a group."""
        return polygon_of(group, [pane.shapes for pane in self.panes])

    def step(self, by: int) -> None:
        """Choose the next difference, or the one before; after the last the first."""
        if not self.differences:
            self.told.emit("There is no difference on this image")
            return
        groups = [one.group for one in self.differences]
        if self.chosen in groups:
            at = (groups.index(self.chosen) + by) % len(groups)
        else:
            at = 0 if by > 0 else len(groups) - 1
        self.choose_difference(at)

    def choose_difference(self, at: int) -> None:
        """Choose a difference and bring it into view."""
        self.chosen = self.differences[at].group
        self._show_chosen()
        self.panes[0].canvas.reveal_polygon(self.polygon_of(self.chosen))

    def adopt(self, number: int | None = None) -> None:
        """Let the chosen polygon of a pane become a label; None: of the first pane that may give one."""
        if self.chosen is None:
            self.told.emit("Choose a polygon first")
            return
        for at in range(len(self.panes)) if number is None else [number - 1]:
            index = self.chosen.members[at] if at < len(self.panes) else None
            if index is not None and not self.panes[at].shapes[index].region_id:
                self.adopt_wanted.emit(self.panes[at].shapes[index])
                return
        self.told.emit("There is nothing to take over here")

    def _show_chosen(self) -> None:
        outline = None if self.chosen is None else self.polygon_of(self.chosen)
        for at, pane in enumerate(self.panes):
            pane.canvas.choose(None if self.chosen is None else self.chosen.members[at], outline)
        groups = [one.group for one in self.differences]
        self.chosen_changed.emit(groups.index(self.chosen) if self.chosen in groups else -1)

    # --- the link between the panes ---

    def _looked(self, pane: Pane, look: Look) -> None:
        for other in self.panes:
            if other is not pane:
                other.canvas.follow(look)

    def _pointed(self, pane: Pane, place: tuple[float, float] | None) -> None:
        for other in self.panes:
            other.canvas.show_pointer(None if other is pane else place)

    def _hovered(self, pane: Pane, index: int) -> None:
        group = None if index == NOTHING else self.group_of(pane, index)
        for at, other in enumerate(self.panes):
            lit = None if group is None else group.members[at]
            if other is pane and index != NOTHING:
                lit = index
            other.canvas.light_up(lit, "" if lit is None else self._tag(pane, index, other, lit))

    def _tag(self, pane: Pane, index: int, other: Pane, lit: int) -> str:
        """What is said of a polygon that shines; in another pane with its overlap with the one pointed at."""
        tag = other.tag_of(lit)
        if other is pane or other.result is not None:
            return tag
        shared = iou(pane.shapes[index].polygon, other.shapes[lit].polygon)
        return f"IoU {shared:.2f}" + (f" · {tag}" if tag else "")

    def _clicked(self, pane: Pane, index: int) -> None:
        if self._group_timer.isActive():
            self._match()
        self.chosen = None if index == NOTHING else self.group_of(pane, index)
        self._show_chosen()
