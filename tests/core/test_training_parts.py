"""The parts of the engine: rates, factors, norms, passes, starts, and what becomes of steps that fail."""

from typing import get_args

import pytest
import torch
from torch import nn

from tcm_core.build import build_detector
from tcm_core.checkpoint import load_checkpoint
from tcm_core.checkpoint_file import read_metadata
from tcm_core.config.load import load_config, parse_config
from tcm_core.config.train import OptimConfig, ProtocolName, TrainConfig
from tcm_core.errors import BadCheckpoint, BadConfig
from tcm_core.evaluate.protocols import PROTOCOLS
from tcm_core.infer.device import choose_device
from tcm_core.models.norms import has_batch_norms, with_group_norms
from tcm_core.train import run as run_module
from tcm_core.train.batch import Loader
from tcm_core.train.distribute import Share, make_accelerator, seed_step, share_of
from tcm_core.train.loading import load_training_data
from tcm_core.train.optim import make_optimizer, rate_factor, set_training
from tcm_core.train.passes import Passes, loss_per_image, total_loss
from tcm_core.train.resolve import load_run
from tcm_core.train.run import run_training, train_config
from tcm_core.train.start import Start, start_detector
from tcm_core.train.trouble import TrainingFailed
from tests.helpers.tiny_model import TINY, tiny_checkpoint
from tests.helpers.tiny_run import events, write_run


def factors(steps=10, **values):
    config = OptimConfig(steps=steps, **values)
    return [round(rate_factor(step, config), 4) for step in range(steps)]


def test_poly_falls_by_its_power_behind_the_warm_up():
    assert factors(6, schedule="poly", warmup_steps=2, power=2.0) == [
        0.3333, 0.6667, 1.0, 0.5625, 0.25, 0.0625,
    ]  # fmt: skip


def test_cosine_ends_at_its_final_factor():
    found = factors(101, schedule="cosine", warmup_steps=0, final_factor=0.1)
    assert (found[0], found[50]) == (1.0, pytest.approx(0.55, abs=0.01))
    assert found[100] == pytest.approx(0.1, abs=0.001)
    assert found == sorted(found, reverse=True)


def test_one_cycle_rises_and_falls_by_half_cosines():
    found = factors(8, schedule="one_cycle", warmup_steps=3, power=5.0)
    assert found == [0.1464, 0.5, 0.8536, 1.0, 0.9045, 0.6545, 0.3455, 0.0955]


def test_parts_learn_at_their_own_factors_and_the_longest_name_counts():
    config = OptimConfig(
        learning_rate=1.0,
        encoder_factor=0.5,
        factors={"encoder": 0.2, "encoder.backbone.blocks.*.conv_dw": 0.3, "language.text_encoder": 0.0},
    )
    detector = build_detector(TINY)
    set_training(detector, config, {name for name, _ in detector.named_parameters()})
    rates = {}
    for group in make_optimizer(detector, config).param_groups:
        rates.update(dict.fromkeys(group["params"], group["initial_lr"]))
    assert rates[detector.encoder.projection.weight] == 0.2
    assert rates[detector.encoder.backbone.conv_stem.weight] == 0.2
    assert rates[next(detector.head.parameters())] == 1.0
    assert rates[detector.encoder.backbone.get_submodule("blocks.1.0.conv_dw").weight] == 0.3
    text = list(detector.language.text_encoder.parameters())
    assert text
    assert not any(parameter.requires_grad or parameter in rates for parameter in text)
    with pytest.raises(BadConfig, match=r"optim\.factors: no module is called 'hed'; .*head"):
        make_optimizer(detector, OptimConfig(factors={"hed": 1.0}))


def test_frozen_statistics_stay_while_scale_and_shift_learn():
    detector = build_detector(TINY)
    learnable = {name for name, _ in detector.named_parameters()}
    norm = detector.encoder.backbone.bn1
    before = norm.running_mean.clone()
    set_training(detector, OptimConfig(batch_norm="frozen"), learnable)
    detector(torch.randn(2, 3, 64, 64)).maps.probability.sum().backward()
    assert torch.equal(norm.running_mean, before)
    assert norm.weight.grad.abs().sum() > 0
    set_training(detector, OptimConfig(), learnable)
    detector(torch.randn(2, 3, 64, 64))
    assert not torch.equal(norm.running_mean, before)


def test_what_one_stage_froze_learns_again_in_the_next_but_not_what_the_model_freezes():
    detector = build_detector(TINY)
    learnable = {name for name, _ in detector.named_parameters() if not name.startswith("language.")}
    set_training(detector, OptimConfig(freeze=("encoder", "head")), learnable)
    assert not detector.encoder.projection.weight.requires_grad
    set_training(detector, OptimConfig(), learnable)
    assert detector.encoder.projection.weight.requires_grad
    assert not any(parameter.requires_grad for parameter in detector.language.parameters())


def test_group_norms_take_the_place_of_batch_norms_with_scale_shift_and_activation():
    torch.manual_seed(0)
    detector = build_detector(TINY)
    nn.init.uniform_(detector.encoder.backbone.bn1.weight)
    scale = detector.encoder.backbone.bn1.weight.detach().clone()
    names = [name for name, _ in detector.named_parameters()]
    with_group_norms(detector)
    assert not has_batch_norms(detector)
    assert [name for name, _ in detector.named_parameters()] == names
    norm = detector.encoder.backbone.bn1
    assert torch.equal(norm.weight, scale)
    found = norm(torch.randn(1, 32, 8, 8) * 50)
    assert 0 <= found.min() < found.max() <= 6  # timm's activation, ReLU6, is still there
    images = torch.randn(2, 3, 64, 64)
    alone, together = detector(images[:1]).maps.probability, detector(images).maps.probability
    assert torch.allclose(alone, together[:1], atol=1e-4)


def test_a_run_with_group_norms_says_so_in_its_checkpoint(tmp_path):
    config = write_run(tmp_path, optim={"steps": 2, "batch_norm": "group"})
    run_training(config, tmp_path / "run")
    detector, metadata = load_checkpoint(tmp_path / "run" / "last.safetensors")
    assert metadata.model.norm == "group"
    assert not has_batch_norms(detector)


def batch_of(tmp_path, images=6):
    config = load_run(write_run(tmp_path, optim={"batch_size": images, "batch_norm": "group"}))
    stage = config.stretches[0]
    loader = Loader(load_training_data(config.data), config, stage, Share(0, 1, images), 0, lambda _: None)
    return config, next(iter(loader))


def test_shares_of_the_processes_are_the_batch_of_one(tmp_path):
    config, (images, targets) = batch_of(tmp_path)
    data, stage = load_training_data(config.data), config.stretches[0]
    parts = [
        next(iter(Loader(data, config, stage, Share(rank, 3, 2), 0, lambda _: None))) for rank in range(3)
    ]
    assert torch.equal(torch.cat([part[0] for part in parts]), images)
    for place, target in enumerate(targets):
        assert torch.equal(torch.cat([part[1][place] for part in parts]), target)


@pytest.mark.parametrize("passes", [2, 3, 4])
def test_several_passes_give_the_gradient_of_one(tmp_path, passes):
    config, batch = batch_of(tmp_path)
    accelerator = make_accelerator(config, choose_device("cpu"))
    torch.manual_seed(0)
    detector = build_detector(config.model)
    gradients, losses = [], []
    for count in (1, passes):
        seed_step(0, 0, 0)
        detector.zero_grad()
        detector.language.visual_prompt.eval()  # no dropout
        found = Passes(accelerator, detector, config, config.optim).backward(batch, count)
        losses.append({name: float(loss) for name, loss in found.items()})
        gradients.append([p.grad.clone() for p in detector.parameters() if p.grad is not None])
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    for one, several in zip(*gradients, strict=True):
        assert torch.allclose(one, several, rtol=1e-3, atol=1e-5 * float(one.abs().max()) + 1e-7)


@torch.no_grad()
def test_losses_per_image_are_the_mean_of_the_images_own_losses(tmp_path):
    config, (images, targets) = batch_of(tmp_path, images=3)
    torch.manual_seed(0)
    detector = build_detector(config.model).eval()
    output = detector(images.float() / 255)
    per_image = loss_per_image(output, targets, config)
    alone = [
        total_loss(detector(images[i : i + 1].float() / 255), [t[i : i + 1] for t in targets], config)
        for i in range(3)
    ]
    for name, loss in per_image.items():
        assert float(loss) == pytest.approx(sum(float(one[name]) for one in alone) / 3, rel=1e-4)
    per_batch = total_loss(output, targets, config)
    assert float(per_image["binary"]) != pytest.approx(float(per_batch["binary"]), rel=1e-6)


def test_a_batch_that_cannot_be_shared_out_is_refused(tmp_path):
    class Three:
        num_processes, process_index = 3, 1

    assert share_of(Three(), OptimConfig(batch_size=6)) == Share(1, 3, 2)
    with pytest.raises(BadConfig, match=r"is 8, for all 3 processes together; take a multiple of 3"):
        share_of(Three(), OptimConfig(batch_size=8))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"precision": "fp16"}, '"fp16" needs a GPU'),
        ({"optim": {"batch_norm": "sync"}}, '"sync" needs GPUs'),
    ],
)
def test_what_a_cpu_cannot_do_is_refused_before_anything_is_written(tmp_path, changes, message):
    with pytest.raises(BadConfig, match=message):
        run_training(write_run(tmp_path, **changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_start_checkpoint_fills_in_model_decode_settings_and_sizes(tmp_path):
    tiny_checkpoint(tmp_path)
    path = write_run(tmp_path, model=None, start="tiny.safetensors", validation={"short_side": 64})
    config = load_run(path)
    assert config.model == TINY
    assert config.validation.decode.score_threshold == 0.3
    assert (config.validation.short_side, config.validation.max_long_side) == (64, 256)
    assert start_detector(config).loaded == "all of tiny.safetensors"
    run_training(path, tmp_path / "run")
    assert read_metadata(tmp_path / "run" / "last.safetensors").model == TINY
    assert events(tmp_path / "run", "start")[0]["loaded"] == "all of tiny.safetensors"


def test_a_missing_start_checkpoint_is_named(tmp_path):
    with pytest.raises(BadCheckpoint, match=r"start: .*no such checkpoint.*\[model\] would be taken from it"):
        load_run(write_run(tmp_path, model=None, start="nowhere.safetensors"))


def test_a_checkpoint_of_another_head_gives_the_parts_that_fit_on_request(tmp_path):
    checkpoint = tiny_checkpoint(tmp_path)
    own = TINY.model_dump(include={"encoder", "tcm"}, exclude_none=True, exclude_defaults=True)
    pan = {**own, "head": {"name": "pan", "neck_width": 16, "width": 8}}
    whole = load_run(write_run(tmp_path, model=pan, start=str(checkpoint)))
    with pytest.raises(BadCheckpoint, match=r"Of its tensors these fit: encoder \d+ of \d+, language"):
        start_detector(whole)
    path = write_run(tmp_path, model=pan, start=str(checkpoint), start_fit="parts")
    run_training(path, tmp_path / "run")
    loaded = events(tmp_path / "run", "start")[0]["loaded"]
    assert loaded.startswith("of tiny.safetensors: encoder ")
    begun, given = start_detector(load_run(path)).detector, load_checkpoint(checkpoint).detector
    assert torch.equal(begun.encoder.projection.weight, given.encoder.projection.weight)


def test_timm_weights_come_from_a_file_without_the_network(tmp_path, monkeypatch):
    import timm
    from safetensors.torch import save_file

    torch.manual_seed(3)
    weights = timm.create_model(TINY.encoder.name, pretrained=False).state_dict()
    save_file(weights, tmp_path / "lite0.safetensors")
    config = load_run(write_run(tmp_path, start=f"timm:{tmp_path / 'lite0.safetensors'}"))
    begun = start_detector(config)
    assert torch.equal(begun.detector.encoder.backbone.conv_stem.weight, weights["conv_stem.weight"])
    assert "lite0.safetensors" in begun.loaded


def test_losses_that_stay_not_finite_end_the_run_and_spoil_no_state(tmp_path):
    optim = {"steps": 30, "learning_rate": 1e18, "warmup_steps": 0}
    with pytest.raises(TrainingFailed, match=r"3 steps in a row were skipped.*optim\.learning_rate"):
        run_training(
            write_run(tmp_path, save_every=1, optim=optim, trouble={"skip_in_a_row": 3}), tmp_path / "run"
        )
    skipped = events(tmp_path / "run", "skipped")
    assert [event["in_a_row"] for event in skipped][-3:] == [1, 2, 3]
    assert (tmp_path / "run" / skipped[-1]["batch"]).is_file()
    assert events(tmp_path / "run")[-1]["event"] == "error"
    state = torch.load(tmp_path / "run" / "state.pt", weights_only=True)
    assert state["step"] <= skipped[-3]["step"]


def lacking_memory(monkeypatch, most):
    """A detector that more images than so many do not fit into."""

    def check(_module, inputs):
        if len(inputs[0]) > most:
            raise torch.OutOfMemoryError(f"{len(inputs[0])} images do not fit")

    def start(config, _say):
        detector = build_detector(config.model)
        detector.register_forward_pre_hook(check)
        return Start(detector, "nothing")

    monkeypatch.setattr(run_module, "start_detector", start)


def test_where_memory_is_lacking_the_step_goes_on_in_more_passes(tmp_path, monkeypatch):
    optim = {"steps": 2, "batch_size": 4, "batch_norm": "group"}
    config = load_run(write_run(tmp_path, optim=optim))
    train_config(config, tmp_path / "whole")
    lacking_memory(monkeypatch, 1)
    train_config(config, tmp_path / "halved")
    assert [e["accumulate"] for e in events(tmp_path / "halved", "out_of_memory")] == [2, 4]
    assert torch.load(tmp_path / "halved" / "state.pt", weights_only=True)["passes"] == 4
    assert events(tmp_path / "halved", "end")[0]["step"] == 2


def test_where_halving_is_not_allowed_the_run_says_what_to_lower(tmp_path, monkeypatch):
    lacking_memory(monkeypatch, 1)
    config = load_run(write_run(tmp_path, trouble={"halve_batch": False}))
    with pytest.raises(TrainingFailed, match=r"Lower\s+optim\.batch_size or raise optim\.accumulate"):
        train_config(config, tmp_path / "run")
    assert events(tmp_path / "run")[-1]["event"] == "error"


def test_stages_are_worked_off_one_after_the_other(tmp_path):
    stages = [
        {"name": "scenes", "steps": 3, "data": {"dataset": "synthetic"}},
        {"name": "photos", "steps": 8, "optim": {"learning_rate": 1e-4, "schedule": "cosine"}},
    ]
    path = write_run(tmp_path, stages=stages, keep_every=5, data={"root": "data", "validation": ["img_4"]})
    run_training(path, tmp_path / "run")
    (step,) = events(tmp_path / "run", "step")
    assert (step["step"], step["stage"]) == (10, "photos")
    assert 0 < step["learning_rate"] < 1e-4
    kept = sorted(file.name for file in (tmp_path / "run" / "checkpoints").iterdir())
    assert kept == ["step_000005.safetensors", "step_000010.safetensors"]
    assert events(tmp_path / "run", "validation")[-1]["step"] == 11
    assert (tmp_path / "run" / "stages" / "scenes" / "split.json").is_file()
    whole = load_config(path, TrainConfig)
    assert [stage.optim.batch_size for stage in whole.stages] == [2, 2]
    assert whole.steps == 11


def test_an_unknown_key_of_a_stage_is_named_with_near_ones():
    values = {"data": {"root": "x"}, "stages": [{"name": "a", "optim": {"learning_rat": 1}}]}
    with pytest.raises(BadConfig, match=r"stages\.0\.optim\.learning_rat; did you mean learning_rate"):
        parse_config(values, TrainConfig, "here")


def test_every_protocol_can_be_validated_by_and_no_other():
    assert set(get_args(ProtocolName)) == set(PROTOCOLS)


@pytest.mark.parametrize("protocol", ["icdar2015", "td500", "ctw1500", "totaltext"])
def test_validation_scores_by_the_protocol_that_is_set(tmp_path, protocol):
    path = write_run(
        tmp_path,
        data={"root": "data", "validation": ["img_4"]},
        validation={"every": 2, "short_side": 64, "protocol": protocol},
        optim={"steps": 2},
    )
    run_training(path, tmp_path / "run")
    (event,) = events(tmp_path / "run", "validation")
    assert event["protocol"] == protocol


def test_a_run_without_validation_images_and_with_small_batches_says_so(tmp_path):
    run_training(write_run(tmp_path, optim={"steps": 1}), tmp_path / "run")
    log = (tmp_path / "run" / "train.log").read_text(encoding="utf-8")
    assert "no validation images: thresholds are not chosen" in log
    assert "batch norms see 2 images at once" in log
    assert "Checkpoint: " in log
