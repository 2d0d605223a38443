"""DATASETS: the public data sets, where their images and labels lie, and how they are scored."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from tcm_core.config.data import PartName
from tcm_core.geometry.orientation import ReadFrame

AUTO: Final = "auto"
"""Instead of a label format: it is found out from the content."""


class Place(NamedTuple):
    """Where images and their labels may lie inside a data set's folder."""

    images: str  # a folder; "*" stands for any run of characters, and all folders that fit belong together
    labels: str  # a folder, file or zip; empty: the images have none
    format: str  # a row of formats.table.FORMATS, or AUTO


class Dataset(NamedTuple):
    """One data set."""

    title: str
    protocol: str  # that its results are scored by; empty: it has none of its own
    frame: ReadFrame | None  # of its labels; None: as the label format has it
    parts: Mapping[PartName, tuple[Place, ...]]  # the first place that is there counts
    images: Mapping[PartName, int]  # in a complete part, where that is fixed
    home: str  # where it can be had


def _places(label_format: str, part: PartName, *published: tuple[str, str]) -> tuple[Place, ...]:
    """Two plain layouts, then those of the published archives."""
    plain = ((f"{part}/images", f"{part}/gt"), ("images", "gt"))
    return tuple(Place(images, labels, label_format) for images, labels in (*plain, *published))


_FOLDERS: Final = tuple(
    Place(images, labels, AUTO)
    for images, labels in (
        ("images", "gt"), ("images", "labels"), ("images", "annotations"), ("imgs", "annotations"),
        (".", "gt"), (".", "labels"), (".", "."),
    )
)  # fmt: skip
_PICTURES: Final = (Place(".", "", ""),)

_RRC: Final = "https://rrc.cvc.uab.es/?ch="
_CTW: Final = "https://github.com/Yuliang-Liu/Curve-Text-Detector"
_TC11: Final = "http://www.iapr-tc11.org/mediawiki/index.php/MSRA_Text_Detection_500_Database_(MSRA-TD500)"

DATASETS: Final[dict[str, Dataset]] = {
    "icdar2013": Dataset(
        "ICDAR 2013 Focused Scene Text", "icdar2013", "stored",
        {
            "train": _places(
                "icdar2013", "train", ("Challenge2_Training_Task12_Images", "Challenge2_Training_Task1_GT")
            ),
            "test": _places(
                "icdar2013", "test", ("Challenge2_Test_Task12_Images", "Challenge2_Test_Task1_GT")
            ),
        },
        {"train": 229, "test": 233}, f"{_RRC}2",
    ),
    "icdar2015": Dataset(
        "ICDAR 2015 Incidental Scene Text", "icdar2015", "stored",
        {
            "train": _places(
                "icdar2015", "train",
                ("ch4_training_images", "ch4_training_localization_transcription_gt"),
            ),
            "test": _places(
                "icdar2015", "test", ("ch4_test_images", "Challenge4_Test_Task1_GT"),
                ("ch4_test_images", "ch4_test_localization_transcription_gt"),
            ),
        },
        {"train": 1000, "test": 500}, f"{_RRC}4",
    ),
    "mlt2017": Dataset(
        "ICDAR 2017 MLT", "icdar2015", "stored",
        {
            "train": _places(
                "mlt2017", "train",
                ("ch8_training_images*", "ch8_training_localization_transcription_gt_v2"),
            ),
            "validation": _places(
                "mlt2017", "validation",
                ("ch8_validation_images*", "ch8_validation_localization_transcription_gt_v2"),
            ),
        },
        {"train": 7200, "validation": 1800}, f"{_RRC}8",
    ),
    "totaltext": Dataset(
        "Total-Text", "totaltext", "stored",
        {
            "train": _places(
                "totaltext", "train", ("Images/Train", "Groundtruth/Polygon/Train"),
                ("Images/Train", "txt_format/Train"),
            ),
            "test": _places(
                "totaltext", "test", ("Images/Test", "Groundtruth/Polygon/Test"),
                ("Images/Test", "txt_format/Test"),
            ),
        },
        {"train": 1255, "test": 300}, "https://github.com/cs-chan/Total-Text-Dataset",
    ),
    "ctw1500": Dataset(
        "SCUT-CTW1500", "ctw1500", "stored",
        {
            "train": _places("ctw1500", "train", ("train_images", "ctw1500_train_labels")),
            "test": _places("ctw1500", "test", ("test_images", "gt_ctw1500")),
        },
        {"train": 1000, "test": 500}, _CTW,
    ),
    "ctw1500-legacy": Dataset(
        "SCUT-CTW1500, first release", "ctw1500", "stored",
        {
            "train": _places("ctw1500-legacy", "train", ("train/text_image", "train/text_label_curve")),
            "test": _places("ctw1500-legacy", "test", ("test/text_image", "test/text_label_curve")),
        },
        {"train": 1000, "test": 500}, _CTW,
    ),
    "td500": Dataset(
        "MSRA-TD500", "td500", "stored",
        {
            "train": _places("td500", "train", ("train", "train")),
            "test": _places("td500", "test", ("test", "test")),
        },
        {"train": 300, "test": 200}, _TC11,
    ),
    "tr400": Dataset(
        "HUST-TR400, the usual companion of MSRA-TD500", "td500", "stored",
        {"train": _places("td500", "train", ("HUST-TR400", "HUST-TR400"), (".", "."))},
        {"train": 400}, _TC11,
    ),
    "art": Dataset(
        "ICDAR 2019 ArT", "art", "stored",
        {
            "train": _places("art", "train", ("train_images", "train_labels.json")),
            "test": _places("art", "test", ("test_images", "test_labels.json")),
        },
        {"train": 5603, "test": 4563}, f"{_RRC}14",
    ),
    "nighttime-art": Dataset(
        "NightTime-ArT: pictures of ArT taken at night", "art", "stored",
        {"test": _places("art", "test", ("images", "labels.json"), ("images", "train_labels.json"))},
        {"test": 326}, "https://github.com/wenwenyu/TCM",
    ),
    "synthtext": Dataset(
        "SynthText in the Wild", "", "stored",
        {"train": _places("synthtext", "train", ("SynthText", "SynthText/gt.mat"), (".", "gt.mat"))},
        {}, "https://www.robots.ox.ac.uk/~vgg/data/scenetext/",
    ),
    "folder": Dataset(
        "any folder of images with labels", "", None,
        {"train": _FOLDERS, "validation": _FOLDERS, "test": _FOLDERS}, {}, "",
    ),
    "images": Dataset(
        "any folder of images, without labels", "", "view",
        {"train": _PICTURES, "validation": _PICTURES, "test": _PICTURES}, {}, "",
    ),
}  # fmt: skip
"""The data sets by the names that configurations use."""
