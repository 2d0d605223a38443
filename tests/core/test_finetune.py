"""Fine-tuning: real, short runs on made-up pages, with parts frozen and with older data replayed."""

import json

import cv2
import numpy as np
import pytest
import torch

from tcm_core.checkpoint import load_checkpoint
from tcm_core.data.normalize import Normalize
from tcm_core.data.schedule import Schedule
from tcm_core.errors import TcmError
from tcm_core.train.batch import Loader
from tcm_core.train.distribute import Share
from tcm_core.train.finetune import TEXT_HEIGHT, Wish, finetune_config
from tcm_core.train.loading import load_training_data
from tcm_core.train.passes import total_loss
from tcm_core.train.run import train_config
from tests.core.test_cli import tcm  # noqa: F401
from tests.helpers.made_photos import made_dataset
from tests.helpers.tiny_model import tiny_checkpoint

QUICK = {"device": "cpu", "precision": "no", "workers": 0, "save_every": 1000, "pictures": 0}
RECIPE = """
seed = 5
[data]
dataset = "icdar2015"
root = "elsewhere"
exclude = ["img_3"]
validation = ["img_2"]
[augment]
scale = [0.25, 0.5]
"""


@pytest.fixture
def pages(tmp_path):
    return made_dataset(tmp_path / "pages", count=5)


@pytest.fixture
def tiny(tmp_path):
    return tiny_checkpoint(tmp_path)


def names(source):
    return [sample.image.stem for sample in source.samples]


def quick(config, **optim):
    """The same run on small crops and without what takes time and does not matter here."""
    changes = {
        **QUICK,
        "augment": config.augment.model_copy(update={"size": 128, "colour": 0.0}),
        "optim": config.optim.model_copy(update={"average_decay": 0.0, **optim}),
    }
    return config.model_copy(update=changes)


def loss_of(checkpoint, config):
    """The loss on crops of the pages that no run has seen."""
    detector = load_checkpoint(checkpoint).detector.eval()
    data = load_training_data(config.data)
    other = config.model_copy(update={"seed": 99})
    images, targets = next(iter(Loader(data, other, other.stretches[0], Share(0, 1, 8), 0, fail)))
    with torch.no_grad():
        output = detector(Normalize(config.model.mean, config.model.std)(images))
        return float(sum(total_loss(output, targets, config).values()))


def fail(unreadable):
    raise AssertionError(unreadable)


def test_a_handful_of_pages_helps_and_what_is_frozen_keeps_its_bits(pages, tiny, tmp_path):
    config = finetune_config(Wish(pages, str(tiny), freeze=("encoder", "neck.*"), name="mine"))
    assert config.optim.batch_norm == "frozen"
    config = quick(config, steps=12, batch_size=4, warmup_steps=1, cooldown_steps=6, learning_rate=0.01)
    train_config(config, tmp_path / "run")
    tuned = tmp_path / "run" / "last.safetensors"
    before, after = (load_checkpoint(path).detector.state_dict() for path in (tiny, tuned))
    assert {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])} == {
        "language",
        "head",
    }
    assert loss_of(tuned, config) < 0.8 * loss_of(tiny, config)
    assert load_checkpoint(tuned).metadata.name == "mine"


def test_replay_mixes_by_the_share_asked_and_leaves_out_what_the_checkpoint_was_judged_by(
    pages, tiny, tmp_path
):
    made_dataset(tmp_path / "elsewhere", count=6)
    (tmp_path / "run.toml").write_text(RECIPE, encoding="utf-8")
    config = finetune_config(Wish(pages, str(tiny), replay=tmp_path / "run.toml", replay_share=0.25))
    data = load_training_data(config.data)
    assert names(data.sources[1]) == ["img_1", "img_4", "img_5", "img_6"]
    schedule = Schedule([source.count for source in data.sources], data.weights, config.seed)
    drawn = [schedule.pick(position).source for position in range(400)]
    assert drawn.count(1) == 100
    assert {sample.image.parent.parent.name for sample in data.validation} == {"pages"}
    assert (config.data.sources[0].scale, config.data.sources[1].scale) == (None, (0.25, 0.5))
    own = config.optim.steps * config.optim.batch_size * 0.75
    assert own == pytest.approx(24 * data.sources[0].count, abs=config.optim.batch_size)


def test_the_recipe_of_replayed_data_may_lie_elsewhere_and_a_folder_needs_none(pages, tiny, tmp_path):
    root = made_dataset(tmp_path / "moved", count=3)
    (tmp_path / "run.toml").write_text(RECIPE.replace('exclude = ["img_3"]', ""), encoding="utf-8")
    by_recipe = finetune_config(
        Wish(pages, str(tiny), replay=tmp_path / "run.toml", replay_root=root)
    ).data.sources[1]
    assert (by_recipe.root, by_recipe.exclude) == (root, ("img_2",))
    plain = finetune_config(Wish(pages, str(tiny), replay=root)).data.sources[1]
    assert (plain.scale_unit, plain.exclude) == ("short_side", ())
    assert plain.scale == pytest.approx((0.4 * 96 / 320, 1.2 * 96 / 320))


@pytest.mark.parametrize(
    ("text", "short_side"),
    [
        pytest.param(40, 32 * round(TEXT_HEIGHT * 1000 / 40 / 32), id="large texts"),
        pytest.param(28, 1216, id="near the checkpoint's own size"),
        pytest.param(8, 1216, id="small texts"),
        pytest.param(400, 320, id="texts as high as the page"),
    ],
)
def test_the_size_at_detection_follows_the_height_of_the_texts(tmp_path, text, short_side):
    height, width = 1000, 1500
    (tmp_path / "images").mkdir()
    (tmp_path / "gt").mkdir()
    for number in range(3):
        cv2.imwrite(str(tmp_path / "images" / f"{number}.jpg"), np.full((height, width, 3), 90, np.uint8))
        line = f"100,100,400,100,400,{100 + text},100,{100 + text},text\n"
        (tmp_path / "gt" / f"gt_{number}.txt").write_text(line, encoding="utf-8")
    config = finetune_config(Wish(tmp_path))
    assert config.validation.short_side == short_side
    assert config.validation.max_long_side == (2560 if short_side == 1216 else 4 * short_side)
    low, high = config.augment.scale
    assert low * config.augment.size < config.validation.short_side < high * config.augment.size
    assert finetune_config(Wish(tmp_path, short_side=640)).validation.short_side == 640


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"replay_share": 1.0}, "share of replayed crops is 1"),
        ({"epochs": 0}, "0 epochs"),
        ({"validation_share": 1.0}, "no legible text is left to learn from"),
        ({"start": "db-smal"}, "db-smal: no such checkpoint"),
    ],
)
def test_wishes_that_make_no_sense_are_refused_in_words(pages, changes, words):
    with pytest.raises(TcmError, match=words):
        finetune_config(Wish(pages, **changes))


def test_the_command_fine_tunes_and_says_so(tcm, pages, tiny, tmp_path):  # noqa: F811
    run = tmp_path / "run"
    arguments = ("finetune", pages, "--from", tiny, "--out", run, "--epochs", 0.5, "--freeze", "encoder")
    status, _, log = tcm(*arguments, "--freeze", "neck", "--validation", 0.2)
    assert status == 0, log
    assert (run / "best.safetensors").is_file()
    assert json.loads((run / "config.json").read_text(encoding="utf-8"))["optim"]["freeze"] == [
        "encoder",
        "neck",
    ]
    status, _, log = tcm(*arguments)
    assert (status, "add --resume" in log) == (2, True)


@pytest.mark.parametrize("head", ["pan", "fce"])
def test_another_head_begins_from_nothing_on_the_checkpoints_encoder(pages, tiny, tmp_path, head):
    config = finetune_config(Wish(pages, str(tiny), head=head, name="other"))
    assert (config.model.head.name, config.loss.head, config.validation.decode.head) == (head, head, head)
    assert config.optim.batch_norm == "train"
    assert config.start_share == 0 < finetune_config(Wish(pages, str(tiny))).start_share
    with pytest.raises(TcmError, match="share of the start"):
        finetune_config(Wish(pages, str(tiny), head=head, start_share=0.5))
    config = quick(config, steps=2, batch_size=2, warmup_steps=0, cooldown_steps=0, learning_rate=0.01)
    train_config(config, tmp_path / "run")
    new, metadata = load_checkpoint(tmp_path / "run" / "best.safetensors")
    old = load_checkpoint(tiny).detector
    assert metadata.model.head.name == head
    kept = dict(old.encoder.named_parameters())
    assert all(torch.equal(value, kept[name]) for name, value in new.encoder.named_parameters())
    with pytest.raises(TcmError, match="begins from nothing"):
        finetune_config(Wish(pages, str(tiny), head=head, freeze=("encoder", "neck")))
