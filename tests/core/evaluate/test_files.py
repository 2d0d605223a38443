"""Labels and results of every protocol from files, through the formats of the labels, to the figures."""

import json

import pytest

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.table import FORMATS
from tcm_core.errors import BadConfig, BadLabels
from tcm_core.evaluate.protocols import PROTOCOLS
from tcm_core.evaluate.run import evaluate_files, load_evaluation
from tests.helpers.evaluation import counts, ignored, word

WORDS = [word(0, 0, 40, 20), word(60, 30, 99, 50)]
FORMAT_OF = {name: name.split("-")[0] for name in PROTOCOLS} | {
    "ctw1500": "ctw1500-legacy",
    "ctw1500-pan": "ctw1500",
}


def made_labels(name, tmp_path, instances=WORDS):
    """Two images in the format of the protocol, named as its data set names them."""
    images = [LabelledImage(image, tuple(instances), (100, 200)) for image in ("img_1", "img_2")]
    if name == "art":
        images = [LabelledImage(f"gt_{i}", image.instances, image.size) for i, image in enumerate(images, 1)]
    out = tmp_path / "gt"
    FORMATS[FORMAT_OF[name]].write(images, out)
    return out


def made_results(name, tmp_path, instances=WORDS):
    """The same texts as results of the first image; the second has no file."""
    out = tmp_path / "det"
    out.mkdir(exist_ok=True)
    if name == "art":
        entries = [{"points": instance.polygon.tolist()} for instance in instances]
        (out / "results.json").write_text(json.dumps({"res_1": entries}))
        return out
    lines = []
    for instance in instances:
        polygon = instance.polygon[:, ::-1] if name.startswith("totaltext") else instance.polygon
        values = polygon if name != "icdar2013" else [*polygon.min(axis=0), *polygon.max(axis=0)]
        lines.append(",".join(str(int(v)) for v in (values.ravel() if hasattr(values, "ravel") else values)))
    (out / "res_img_1.txt").write_text("\n".join(lines) + "\n")
    return out


@pytest.mark.parametrize("name", PROTOCOLS)
def test_half_of_the_images_found_exactly(name, tmp_path):
    result = evaluate_files(made_labels(name, tmp_path), made_results(name, tmp_path), name)
    assert (result.precision, result.recall) == (1, 1 / 2)
    assert counts(result) == (2, 4, 2)
    assert list(result.images) == (["1", "2"] if name == "art" else ["img_1", "img_2"])


@pytest.mark.parametrize("name", ["icdar2013", "icdar2015", "totaltext", "totaltext-pascal", "td500", "art"])
def test_marks_of_ignored_texts_survive_the_way_through_the_files(name, tmp_path):
    instances = [WORDS[0], ignored(60, 30, 99, 50)]
    result = evaluate_files(
        made_labels(name, tmp_path, instances), made_results(name, tmp_path, instances), name
    )
    assert counts(result) == (1, 2, 1)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_results_for_an_image_without_labels_are_refused(name, tmp_path):
    labels, results = made_labels(name, tmp_path), made_results(name, tmp_path)
    if name == "art":
        (results / "results.json").write_text('{"res_9": []}')
    else:
        (results / "res_img_9.txt").touch()
    with pytest.raises(BadLabels, match="no ground truth for it"):
        evaluate_files(labels, results, name)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_malformed_submission_is_refused_with_the_reason(name, tmp_path):
    labels, results = made_labels(name, tmp_path), made_results(name, tmp_path)
    file = next(results.iterdir())
    file.write_text("rubbish")
    with pytest.raises(BadLabels, match=rf"the results are refused: .*{file.name}"):
        evaluate_files(labels, results, name)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_missing_labels_or_results_are_named(name, tmp_path):
    with pytest.raises(BadLabels, match=r"none.*no such file or folder"):
        evaluate_files(tmp_path / "none", tmp_path, name)
    with pytest.raises(BadLabels, match=r"none.*no such file or folder"):
        evaluate_files(made_labels(name, tmp_path), tmp_path / "none", name)


def test_total_text_has_y_first_unless_told_otherwise(tmp_path):
    labels, results = made_labels("totaltext", tmp_path), made_results("icdar2015", tmp_path)
    assert evaluate_files(labels, results, "totaltext").matched == 0
    assert load_evaluation(labels, results, "totaltext", x_first=True).score().matched == 2


def test_both_kinds_of_ctw1500_labels_are_known_by_their_content(tmp_path):
    for name in ("ctw1500", "ctw1500-pan"):  # one writes the legacy form here, the other the later one
        (tmp_path / name).mkdir()
        labels, results = made_labels(name, tmp_path / name), made_results(name, tmp_path / name)
        for protocol in ("ctw1500", "ctw1500-pan"):
            assert evaluate_files(labels, results, protocol).matched == 2


def test_another_limit(tmp_path):
    labels = made_labels("icdar2015", tmp_path)
    results = made_results("icdar2015", tmp_path, [word(0, 0, 40, 13), word(60, 30, 99, 50)])  # 0.65 and 1
    assert evaluate_files(labels, results).matched == 2
    assert evaluate_files(labels, results, iou=0.7).matched == 1


@pytest.mark.parametrize("iou", [0.0, 1.0, -1.0, 50.0, float("nan")])
def test_a_limit_without_sense_is_refused(tmp_path, iou):
    with pytest.raises(BadConfig, match="between 0 and 1"):
        evaluate_files(tmp_path, tmp_path, iou=iou)


@pytest.mark.parametrize("name", ["icdar2013", "totaltext", "totaltext-old"])
def test_deteval_has_no_limit_to_move(tmp_path, name):
    with pytest.raises(BadConfig, match="has no limit of the intersection over union"):
        evaluate_files(tmp_path, tmp_path, name, iou=0.7)


@pytest.mark.parametrize("name", ["icdar2015", "totaltext-pascal", "ctw1500", "td500", "td500-pan", "art"])
def test_public_labels_against_themselves_score_1(name, data_root):
    words = PROTOCOLS["icdar2015"].read_labels(data_root / "icdar2015" / "test" / "gt")
    lines = PROTOCOLS["td500"].read_labels(data_root / "msra_td500" / "train" / "gt")
    for labels, texts in ((words, 5230), (lines, 1068)):
        det = {image: [instance.polygon for instance in instances] for image, instances in labels.items()}
        result = PROTOCOLS[name].evaluate(labels, det, 0.5)
        assert (result.precision, result.recall, result.hmean) == (1, 1, 1)
        assert sum(len(image.gt_verdicts) for image in result.images.values()) == texts
