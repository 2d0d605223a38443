"""Real, short runs of the training engine on made-up photographs."""

import json

import pytest
import torch

from tcm_core.build import build_detector
from tcm_core.checkpoint import load_checkpoint
from tcm_core.config.train import OptimConfig
from tcm_core.convert.efficientnet_lite import load_imagenet
from tcm_core.data.image_io import read_image
from tcm_core.data.layout import load_samples
from tcm_core.errors import BadCheckpoint, BadConfig, BadLabels
from tcm_core.evaluate.icdar15 import evaluate_icdar15
from tcm_core.infer.predictor import Predictor
from tcm_core.train.optim import freeze, make_optimizer, set_learning_rate
from tcm_core.train.run import run_training
from tests.helpers.made_photos import made_dataset
from tests.helpers.tiny_model import TINY

CONFIG = """
name = "made"
seed = 3
device = "cpu"
precision = "no"
workers = 0
save_every = 2
start = "{start}"
[data]
root = "data"
{data}
[model.encoder]
embedding = 32
[model.head]
neck_width = 32
width = 8
[model.tcm.text]
width = 32
layers = 1
heads = 2
[model.tcm.visual]
layers = 1
heads = 2
width = 32
[augment]
size = 128
scale = [0.8, 1.1]
rotation_degrees = 3
colour = 0.0
blur = 0.0
[optim]
steps = {steps}
freeze = ["encoder.backbone.blocks.*.conv_dw"]
batch_size = 2
learning_rate = 0.004
warmup_steps = 4
cooldown_steps = {cooldown}
average_decay = 0.9
[validation]
every = {every}
short_side = 160
"""


def write_config(folder, *, steps=4, cooldown=0, every=100, data="", start="random"):
    if not (folder / "data").exists():
        made_dataset(folder / "data")
    path = folder / f"config_{steps}.toml"
    text = CONFIG.format(steps=steps, cooldown=cooldown, every=every, data=data, start=start)
    path.write_text(text, encoding="utf-8")
    return path


def events(run):
    return [json.loads(line) for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines()]


def test_db_overfits_two_pictures(tmp_path):
    run_training(
        write_config(tmp_path, steps=70, cooldown=30, start="imagenet-lite0"), tmp_path / "run", resume=False
    )
    predictor = Predictor.load(tmp_path / "run" / "last.safetensors", "cpu")
    samples = load_samples("icdar2015", tmp_path / "data")
    found = {
        s.image.stem: [d.polygon for d in predictor.predict(read_image(s.image, "stored")).detections]
        for s in samples
    }
    result = evaluate_icdar15({s.image.stem: s.instances for s in samples}, found)
    assert result.hmean >= 0.85
    language = predictor.predict(read_image(samples[0].image, "stored")).maps.language
    assert language.max() > 150 > language.min()


def test_a_resumed_run_ends_where_an_unbroken_one_does(tmp_path):
    run_training(write_config(tmp_path, steps=6), tmp_path / "whole", resume=False)
    (tmp_path / "broken").mkdir()
    run_training(write_config(tmp_path, steps=4), tmp_path / "broken", resume=False)
    run_training(write_config(tmp_path, steps=6), tmp_path / "broken", resume=True)
    whole = load_checkpoint(tmp_path / "whole" / "last.safetensors").detector.state_dict()
    resumed = load_checkpoint(tmp_path / "broken" / "last.safetensors").detector.state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_what_is_kept_lies_between_the_start_and_the_average(tmp_path):
    run_training(write_config(tmp_path, steps=4), tmp_path / "before", resume=False)
    start = tmp_path / "before" / "last.safetensors"
    for name, steps in (("whole", (6,)), ("broken", (4, 6))):
        for until in steps:
            text = write_config(tmp_path, steps=until).read_text(encoding="utf-8")
            config = tmp_path / "share.toml"
            begun = f'start = "{start}"\nstart_share = 0.25'
            config.write_text(text.replace('start = "random"', begun), encoding="utf-8")
            run_training(config, tmp_path / name, resume=until != steps[0])
    first = load_checkpoint(start).detector.state_dict()
    kept, resumed = (
        load_checkpoint(tmp_path / name / "last.safetensors").detector.state_dict()
        for name in ("whole", "broken")
    )
    average = torch.load(tmp_path / "whole" / "state.pt", weights_only=True)["average"]
    learnt = [
        name for name, weights in average.items() if not torch.allclose(weights, first[name], atol=2e-3)
    ]
    assert len(learnt) > 10
    for name, weights in kept.items():
        assert torch.equal(weights, resumed[name])
        wanted = average[name]
        if wanted.is_floating_point():
            wanted = 0.75 * wanted + 0.25 * first[name]
        torch.testing.assert_close(weights, wanted.to(weights.dtype), atol=1e-3, rtol=1e-3)


def test_a_start_of_parts_has_no_share(tmp_path):
    path = write_config(tmp_path, steps=4)
    text = path.read_text(encoding="utf-8")
    path.write_text(f'start_fit = "parts"\nstart_share = 0.5\n{text}', encoding="utf-8")
    with pytest.raises(BadConfig, match="start_share"):
        run_training(path, tmp_path / "run", resume=False)


def test_a_stop_file_ends_the_run_after_its_step_and_saves(tmp_path):
    config = write_config(tmp_path, steps=50)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "stop").touch()
    run_training(config, tmp_path / "run", resume=False)
    assert [(e["event"], e.get("step")) for e in events(tmp_path / "run")][-1] == ("stopped", 1)
    assert (tmp_path / "run" / "state.pt").is_file()
    assert not (tmp_path / "run" / "stop").exists()


def test_a_run_validates_chooses_a_threshold_and_keeps_the_best(tmp_path):
    made_dataset(tmp_path / "data", count=3)
    config = write_config(tmp_path, steps=4, every=2, data='validation = ["img_2"]\nexclude = ["img_3"]')
    run_training(config, tmp_path / "run", resume=False)
    log = events(tmp_path / "run")
    assert [e["step"] for e in log if e["event"] == "validation"] == [2, 4]
    assert log[0]["learnt"] == 1
    best = load_checkpoint(tmp_path / "run" / "best.safetensors").metadata
    assert best.decode.model_dump() in [e["decode"] for e in log if e["event"] == "validation"]
    (source,) = json.loads((tmp_path / "run" / "split.json").read_text(encoding="utf-8"))["sources"]
    assert (source["learnt"], source["validation"]) == (["images/img_1.png"], ["images/img_2.png"])


def test_a_folder_with_a_run_is_not_overwritten(tmp_path):
    config = write_config(tmp_path, steps=2)
    run_training(config, tmp_path / "run", resume=False)
    before = (tmp_path / "run" / "last.safetensors").read_bytes()
    with pytest.raises(BadConfig, match="holds a run already; add --resume"):
        run_training(config, tmp_path / "run", resume=False)
    assert (tmp_path / "run" / "last.safetensors").read_bytes() == before


def test_a_damaged_state_is_refused_in_words(tmp_path):
    config = write_config(tmp_path, steps=2)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.pt").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(BadCheckpoint, match=r"state\.pt: cannot be resumed from"):
        run_training(config, tmp_path / "run", resume=True)


def test_wrong_data_is_refused_before_anything_is_written(tmp_path):
    config = write_config(tmp_path, data='exclude = ["img_77"]')
    with pytest.raises(BadConfig, match="no images called img_77"):
        run_training(config, tmp_path / "run", resume=False)
    config = write_config(tmp_path, data='exclude = ["img_1", "img_2"]')
    with pytest.raises(BadConfig, match="no legible text is left"):
        run_training(config, tmp_path / "run", resume=False)
    (tmp_path / "data" / "gt" / "gt_img_1.txt").write_text("1,2,3\n", encoding="utf-8")
    with pytest.raises(BadLabels, match=r"gt_img_1\.txt"):
        run_training(write_config(tmp_path), tmp_path / "run", resume=False)
    assert not (tmp_path / "run").exists()


def test_images_that_cannot_be_used_are_passed_over_counted_and_listed(tmp_path):
    made_dataset(tmp_path / "data", count=4)
    images = tmp_path / "data" / "images"
    content = (images / "img_2.png").read_bytes()
    (images / "img_2.png").write_bytes(content[: len(content) // 2])  # cut off: found out while training
    (tmp_path / "data" / "gt" / "gt_img_3.txt").unlink()  # found out before
    run_training(write_config(tmp_path, steps=4), tmp_path / "run")
    log = events(tmp_path / "run")
    skipped = [event for event in log if event["event"] == "image_skipped"]
    assert [(event["image"].rpartition("/")[2], event["skipped"]) for event in skipped] == [
        ("img_3.png", 1),
        ("img_2.png", 2),
    ]
    assert "no labels" in skipped[0]["reason"]
    assert "cut off" in skipped[1]["reason"]
    assert (log[0]["learnt"], log[0]["skipped"]) == (3, 1)
    assert log[-1]["event"] == "end"


def test_the_data_sets_folder_can_be_given_apart(tmp_path):
    config = write_config(tmp_path, steps=1)
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    run_training(config, tmp_path / "run", data_root=tmp_path / "elsewhere")
    assert events(tmp_path / "run")[0]["learnt"] == 2


def test_frozen_modules_keep_weights_and_statistics():
    detector = build_detector(TINY).train()
    freeze(
        detector, ["encoder.backbone.conv_stem", "encoder.backbone.blocks.*.conv_dw", "encoder.backbone.bn1"]
    )
    assert not detector.encoder.backbone.conv_stem.weight.requires_grad
    assert not detector.encoder.backbone.blocks[4][1].conv_dw.weight.requires_grad
    assert detector.encoder.backbone.blocks[4][1].conv_pw.weight.requires_grad
    before = detector.encoder.backbone.bn1.running_mean.clone()
    detector(torch.randn(2, 3, 64, 64))
    assert torch.equal(detector.encoder.backbone.bn1.running_mean, before)


def test_a_pattern_that_freezes_nothing_is_an_error():
    with pytest.raises(
        BadConfig, match=r"no module is called 'encodr\.\*'; the model's parts are: encoder, language"
    ):
        freeze(build_detector(TINY), ["encodr.*"])


def test_the_backbone_learns_slower_and_vectors_do_not_decay():
    config = OptimConfig(learning_rate=0.01, encoder_factor=0.1, weight_decay=0.5)
    detector = build_detector(TINY)
    rates = {}
    for group in make_optimizer(detector, config).param_groups:
        for parameter in group["params"]:
            rates[parameter] = (group["initial_lr"], group["weight_decay"])
    assert rates[detector.encoder.backbone.conv_stem.weight] == (0.001, 0.5)
    assert rates[detector.encoder.projection.weight] == (0.01, 0.5)
    assert rates[detector.encoder.projection.bias] == (0.01, 0.0)
    assert rates[detector.language.visual_prompt.gate] == (0.01, 0.0)


def test_the_rate_rises_stays_and_falls():
    config = OptimConfig(steps=10, warmup_steps=3, cooldown_steps=4, learning_rate=1.0)
    optimizer = make_optimizer(torch.nn.Linear(2, 2), config)
    rates = [set_learning_rate(optimizer, step, config) for step in range(10)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 0.8, 0.6, 0.4, 0.2])
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.2)


def test_imagenet_weights_fill_the_backbone():
    detector = build_detector(TINY)
    load_imagenet(detector.encoder.backbone)
    assert detector.encoder.backbone.bn1.running_var.mean().item() == pytest.approx(6.7053, abs=1e-3)
    with pytest.raises(BadCheckpoint, match="is the backbone tf_efficientnet_lite0"):
        load_imagenet(torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3)))
