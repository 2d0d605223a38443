"""Checkpoints of TCM into ours: the whole language side answers as the source does."""

import pytest
import torch

from tcm_core.build import build_detector, prompt_tokens
from tcm_core.config.model import ClipEncoder
from tcm_core.convert.checkpoint.detector import convert_checkpoint
from tcm_core.convert.checkpoint.language import RELEASED_TOKENS, released_words
from tcm_core.errors import BadCheckpoint, BadConfig
from tests.core.test_convert_checkpoint import ASSERT_SAME, IMAGES
from tests.helpers import foreign_names as names
from tests.helpers.foreign_tcm import tcm_detector

SENTENCE = [49406, *RELEASED_TOKENS, 49407]
WORD = [49406, 4160, 49407]  # "text"


def written(model, path, **changes):
    """Half precision: the values of the model are those of the file all the same."""
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(tensor.half().float())
    state = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in model.state_dict().items()
    }
    torch.save({"meta": {}, "state_dict": {**state, **changes}}, path)
    return path


@torch.no_grad()
def assert_answers_alike(converted, model, method):
    detector = build_detector(converted.metadata.model).eval()
    detector.load_state_dict(converted.state)
    ours, (theirs, score) = detector(IMAGES), model(IMAGES)
    ASSERT_SAME[method](ours.maps, theirs)
    assert score.std() > 1e-3
    learnt = converted.metadata.model.tcm.matching.learned_temperature
    torch.testing.assert_close(ours.language * (1 if learnt else 0.07), score, atol=1e-5, rtol=0)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tcm.pth"
    yield path
    path.unlink(missing_ok=True)  # hundreds of megabytes


def test_the_released_sentence_has_the_released_byte_pairs():
    assert prompt_tokens(released_words()) == SENTENCE


def test_tcm_with_dbnet(file):
    model = tcm_detector("db", SENTENCE)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    published = names.expanded(names.TCM_LANGUAGE, names.TCM_ATTENTION_POOL)
    assert published.items() <= shapes.items()
    assert all(
        name in published for name in shapes if not name.startswith(("backbone.", "neck.", "bbox_head."))
    )
    converted = convert_checkpoint(written(model, file), "tcm")
    assert_answers_alike(converted, model, "db")
    config = converted.metadata.model
    assert config.encoder == ClipEncoder(position_side=20)
    assert config.tcm.language.context_vectors == 4
    assert config.tcm.visual.layers == config.tcm.context.layers == 3
    assert "CC BY-NC 4.0" in converted.metadata.note
    assert converted.report.unused == ()


def test_tcm_with_pan_and_a_learnt_temperature_that_scales_the_score_channel(file):
    model = tcm_detector("pan", SENTENCE, vectors=32, side=23, learnt_scale=True)
    converted = convert_checkpoint(written(model, file), "tcm")
    assert_answers_alike(converted, model, "pan")
    assert converted.metadata.model.encoder.position_side == 23


def test_tcm_with_fcenet_without_generators_and_with_other_words(file):
    model = tcm_detector("fce", WORD, side=25, rows=9, generator=False, visual=False)
    written(model, file)
    with pytest.raises(BadConfig, match="takes 14 rows"):
        convert_checkpoint(file, "tcm")
    converted = convert_checkpoint(file, "tcm", words="text")
    assert_answers_alike(converted, model, "fce")
    tcm = converted.metadata.model.tcm
    assert (tcm.language.cue, tcm.visual, tcm.language.words) == ("none", None, "text")
    assert [tensor.source for tensor in converted.report.unused] == ["vis_gamma"]


def test_the_predefined_prompt_alone_leaves_the_idle_context_decoder_out(file):
    model = tcm_detector(
        "db", SENTENCE, vectors=0, side=7, rows=30, generator=False, visual=False, context=False
    )
    gamma = torch.full((1024,), 1e-3)
    converted = convert_checkpoint(written(model, file, gamma=gamma), "tcm")
    assert_answers_alike(converted, model, "db")
    assert converted.metadata.model.tcm.context is None
    why = {tensor.source: tensor.why for tensor in converted.report.unused}
    assert why["gamma"] == why["context_decoder.out_proj.1.weight"] == "the decoder was left out in training"
    assert why["contexts"] == "there are no learnt vectors"


def test_learnt_vectors_alone_stand_where_start_and_end_would(file):
    model = tcm_detector("db", SENTENCE, vectors=18, only_vectors=True, generator=False, visual=False)
    converted = convert_checkpoint(written(model, file), "tcm")
    assert_answers_alike(converted, model, "db")
    assert converted.metadata.model.tcm.language.words == ""
    assert converted.metadata.model.tcm.language.context_vectors == 16


@pytest.fixture(scope="module")
def tcm_state():
    model = tcm_detector("db", SENTENCE)
    return {name: tensor.half() for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize(
    ("changes", "dropped", "message"),
    [
        ({}, "text_encoder.ln_final.weight", "text_encoder.ln_final.weight is missing"),
        ({}, "contexts", "contexts is missing"),
        ({"backbone.attnpool.positional_embedding": torch.zeros(400, 2048)}, "", "not 1 and a square"),
        ({"meta_query": torch.zeros(1024)}, "", '"v2" switch'),
        ({"backbone.gcpool.conv_mask.weight": torch.zeros(1)}, "", "third stage"),
        ({"new_module.weight": torch.zeros(1)}, "", r"no place here: new_module.weight \(1,\)"),
        ({"gamma": torch.zeros(7)}, "", r"gamma is \(7,\), expected \(1024,\)"),
    ],
)  # fmt: skip
def test_tcm_files_that_do_not_fit_are_refused(changes, dropped, message, tcm_state, file):
    state = {name: tensor for name, tensor in {**tcm_state, **changes}.items() if name != dropped}
    torch.save(state, file)
    with pytest.raises(BadCheckpoint, match=message):
        convert_checkpoint(file, "tcm")


def test_a_scalar_gate_of_the_text_becomes_a_vector(tcm_state, file):
    torch.save({**tcm_state, "gamma": torch.tensor(0.25), "vis_gamma": torch.tensor([0.5])}, file)
    state = convert_checkpoint(file, "tcm").state
    assert state["language.context_decoder.gate"].tolist() == [0.25] * 1024
    assert state["language.visual_prompt.gate"].item() == 0.5
