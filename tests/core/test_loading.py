"""What a run learns from: sources from a configuration, and the split that is kept with the run."""

import json

import pytest
from PIL import Image

from tcm_core.config.data import DataConfig, LeaveOut, SourceConfig
from tcm_core.config.load import parse_config
from tcm_core.data.dataset import PhotoSource, SceneSource
from tcm_core.errors import BadConfig, BadLabels
from tcm_core.train.loading import load_training_data, read_split, write_split
from tests.helpers.made_photos import made_dataset


@pytest.fixture
def root(tmp_path):
    return made_dataset(tmp_path / "data", count=6)


def names(source):
    return [source.name(index).rpartition("/")[2] for index in range(source.count)]


def test_one_source_is_given_by_its_keys(root):
    data = load_training_data(DataConfig(root=root, validation=("img_2",), exclude=("img_3",)))
    (source,) = data.sources
    assert names(source) == ["img_1.png", "img_4.png", "img_5.png", "img_6.png"]
    assert [sample.image.name for sample in data.validation] == ["img_2.png"]
    assert (data.weights, data.learnt, data.skipped) == (None, 4, ())


def test_several_sources_are_mixed_by_their_weights_and_keep_their_own_validation(root, tmp_path):
    other = made_dataset(tmp_path / "other", count=3)
    config = parse_config(
        {
            "sources": [
                {"root": str(root), "weight": 2.0, "validation": ["img_1"]},
                {"root": str(other), "weight": 1, "validation": ["img_1"]},
                {"dataset": "synthetic", "weight": 0.5, "synth": {"seed": 4}},
            ]
        },
        DataConfig,
        "made.toml",
    )
    data = load_training_data(config)
    assert [type(source) for source in data.sources] == [PhotoSource, PhotoSource, SceneSource]
    assert data.weights == (2.0, 1.0, 0.5)
    assert [sample.image for sample in data.validation] == [
        root / "images" / "img_1.png",
        other / "images" / "img_1.png",
    ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "root is missing: the folder of the data set icdar2015"),
        ({"root": "a", "sources": [{"root": "b"}]}, "either sources, or one source by its keys \\(root\\)"),
        ({"sources": [{"root": "a", "weight": 1}, {"root": "b"}]}, "weight is given for some sources only"),
        ({"sources": [{"root": "a"}, {"dataset": "synthetic"}]}, "every source needs a weight"),
        ({"sources": [{"dataset": "art"}]}, "sources.0: root is missing"),
        ({"root": "a", "dataset": "icdar2051"}, "dataset: Input should be 'icdar2013'"),
        ({"root": "a", "synth": {}}, "synth belongs to a source"),
        ({"root": "a", "luminance": [60, 0]}, "the smaller value comes first"),
        ({"root": "a", "share": 0}, "share"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(values, words):
    with pytest.raises(BadConfig, match=words):
        parse_config(values, DataConfig, "made.toml")


def test_paths_count_from_the_folder_of_the_configuration(tmp_path):
    lists = (LeaveOut(list="ids.txt", only="images"),)
    one = DataConfig(root="photos", leave_out=lists).below(tmp_path)
    assert one.root == tmp_path / "photos"
    assert one.leave_out == (LeaveOut(list=tmp_path / "ids.txt", only=tmp_path / "images"),)
    several = DataConfig(sources=(SourceConfig(root="a"), SourceConfig(root="/b"))).below(tmp_path)
    assert [str(source.root) for source in several.mixed] == [str(tmp_path / "a"), "/b"]


def test_images_without_labels_are_left_out_counted_and_listed(root, tmp_path):
    (root / "gt" / "gt_img_4.txt").unlink()
    data = load_training_data(DataConfig(root=root))
    assert data.learnt == 5
    assert [image.image for image in data.skipped] == [str(root / "images" / "img_4.png")]
    write_split(tmp_path / "split.json", data)
    content = json.loads((tmp_path / "split.json").read_text(encoding="utf-8"))
    assert content["left_out"][0]["image"].endswith("img_4.png")
    assert "no labels for it" in content["left_out"][0]["reason"]


def test_images_that_cannot_be_measured_are_listed(root):
    (root / "images" / "img_4.png").write_bytes(b"")
    data = load_training_data(DataConfig(root=root, luminance=(0, 250)))
    assert [image.image for image in data.skipped] == [str(root / "images" / "img_4.png")]
    assert data.learnt == 5


def test_an_empty_folder_and_broken_labels_are_refused(root, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadLabels, match="is not in this folder"):
        load_training_data(DataConfig(root=tmp_path / "empty"))
    (root / "gt" / "gt_img_4.txt").write_text("1,2\n", encoding="utf-8")
    with pytest.raises(BadLabels, match="gt_img_4"):
        load_training_data(DataConfig(root=root))


def test_nothing_left_to_learn_from_is_refused(root):
    stems = tuple(f"img_{number}" for number in range(1, 7))
    with pytest.raises(BadConfig, match="no legible text is left"):
        load_training_data(DataConfig(root=root, validation=stems))


def test_a_resumed_run_keeps_its_split_when_images_come(root, tmp_path):
    config = DataConfig(root=root, validation_share=0.3, share=0.7)
    first = load_training_data(config)
    write_split(tmp_path / "split.json", first)
    for number in (7, 8):
        Image.new("RGB", (9, 9)).save(root / "images" / f"img_{number}.png")
        (root / "gt" / f"gt_img_{number}.txt").write_text("1,1,8,1,8,8,1,8,new\n", encoding="utf-8")
    again = load_training_data(config, tmp_path)
    assert names(again.sources[0]) == names(first.sources[0])
    assert [s.image for s in again.validation] == [s.image for s in first.validation]
    assert load_training_data(config).learnt > first.learnt


def test_a_resumed_run_refuses_other_settings_and_images_that_are_gone(root, tmp_path):
    config = DataConfig(root=root, validation=("img_2",))
    write_split(tmp_path / "split.json", load_training_data(config))
    with pytest.raises(BadConfig, match="split by other settings"):
        load_training_data(DataConfig(root=root, validation=("img_3",)), tmp_path)
    (root / "images" / "img_5.png").unlink()
    with pytest.raises(BadConfig, match=r"1 images of the run's split are not in .*img_5\.png"):
        load_training_data(config, tmp_path)


def test_a_run_may_be_resumed_where_the_data_has_moved(root, tmp_path):
    config = DataConfig(root=root, validation=("img_2",))
    write_split(tmp_path / "split.json", load_training_data(config))
    root.rename(tmp_path / "moved")
    moved = DataConfig(root=tmp_path / "moved", validation=("img_2",))
    assert load_training_data(moved, tmp_path).learnt == 5


@pytest.mark.parametrize("content", ["", "[]", '{"version": 1}', '{"version": 9, "sources": []}', "\xff"])
def test_a_damaged_split_is_refused_in_words(tmp_path, content):
    (tmp_path / "split.json").write_text(content, encoding="latin-1")
    with pytest.raises(BadConfig, match=r"split\.json"):
        read_split(tmp_path / "split.json")


def test_a_run_without_a_split_has_none(tmp_path):
    assert read_split(tmp_path / "split.json") is None
