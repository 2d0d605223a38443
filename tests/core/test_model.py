"""The detector's parts on small real networks."""

import numpy as np
import pytest
import torch
from torch import nn

from tcm_core.build import build_detector
from tcm_core.config.train import TrainConfig
from tcm_core.data.sample import TextInstance
from tcm_core.models.matching import bimodal_text, cosine_map
from tcm_core.models.prompts.context import ContextDecoder
from tcm_core.models.prompts.decoder import CrossDecoder
from tcm_core.models.prompts.visual import VisualPromptGenerator
from tcm_core.train.batch import TargetRecipe
from tcm_core.train.loop import total_loss
from tests.helpers.tiny_model import TINY


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def with_cue(cue):
    language = TINY.tcm.language.model_copy(update={"cue": cue})
    return TINY.model_copy(update={"tcm": TINY.tcm.model_copy(update={"language": language})})


@pytest.mark.parametrize("size", [(64, 96), (96, 64), (32, 32)])
def test_maps_have_the_size_of_the_input_and_the_score_map_a_32nd_of_it(size):
    output = build_detector(TINY).eval()(torch.randn(2, 3, *size))
    assert output.maps.probability.shape == (2, 1, *size)
    assert output.maps.threshold.shape == (2, 1, *size)
    assert output.language.shape == (2, 1, size[0] // 32, size[1] // 32)
    assert output.language.abs().max() <= 1 / TINY.tcm.matching.temperature


@pytest.mark.parametrize("cue", ["image", "meta_query"])
def test_every_parameter_learns(cue):
    detector = build_detector(with_cue(cue))
    output = detector(torch.randn(2, 3, 64, 64))
    loss = output.maps.probability.square().mean() + output.maps.threshold.square().mean()
    (loss + output.language.square().mean()).backward()
    # the backbone's stage-2 feature at stride 2 is not used, everything else is
    still = [name for name, p in detector.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert still == []


def test_the_plain_detector_has_no_language_side():
    detector = build_detector(TINY.model_copy(update={"tcm": None}))
    output = detector(torch.randn(1, 3, 64, 64))
    assert output.language is None
    assert not any("language" in name for name, _ in detector.named_parameters())


def test_the_score_map_reaches_the_head():
    detector = build_detector(TINY).eval()
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        before = detector(images).maps.probability
        detector.language.prompt.context += 5.0
        detector.language.train(False)  # drops the kept text embedding
        after = detector(images).maps.probability
    assert not torch.allclose(before, after)


def test_with_a_meta_query_the_text_encoder_runs_once():
    detector = build_detector(with_cue("meta_query")).eval()
    calls = count_calls(detector.language.text_encoder)
    with torch.no_grad():
        first = detector(torch.randn(1, 3, 64, 64)).language
        detector(torch.randn(3, 3, 64, 64))
    assert calls == [1]
    assert first.shape == (1, 1, 2, 2)


def test_with_the_images_vector_the_text_encoder_runs_for_every_image():
    detector = build_detector(with_cue("image")).eval()
    calls = count_calls(detector.language.text_encoder)
    with torch.no_grad():
        detector(torch.randn(1, 3, 64, 64))
        detector(torch.randn(3, 3, 64, 64))
    assert calls == [1, 3]


def count_calls(encoder):
    """The number of cues in each call of the text encoder."""
    calls = []
    encoder.register_forward_hook(lambda _module, inputs, _output: calls.append(len(inputs[1])))
    return calls


def test_the_kept_text_embedding_gives_what_a_fresh_one_gives():
    detector = build_detector(TINY).eval()
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        first, second = detector(images).language, detector(images).language
    fresh = detector(images).language  # with gradients nothing is kept
    assert torch.equal(first, second)
    assert torch.allclose(first, fresh, atol=1e-5)


def test_training_forgets_the_kept_text_embedding():
    detector = build_detector(TINY).eval()
    with torch.no_grad():
        before = detector.language.text_embedding(torch.zeros(1, 32))
        detector.train()
        detector.language.prompt.context += 5.0
        after = detector.eval().language.text_embedding(torch.zeros(1, 32))
    assert not torch.allclose(before, after)


def test_the_context_stands_between_the_start_and_the_words():
    encoder = build_detector(TINY).language.text_encoder
    seen = []
    encoder.transformer.register_forward_pre_hook(lambda _m, args: seen.append(args[0].detach()))
    context, cue = torch.randn(4, 32), torch.randn(2, 32)
    encoder(context, cue)
    rows = seen[0] - encoder.positional_embedding - cue[:, None]
    assert torch.allclose(rows[0, 1:5], context, atol=1e-5)
    assert torch.allclose(rows[1, 0], encoder.token_embedding[0], atol=1e-5)
    assert torch.allclose(rows[1, -1], encoder.token_embedding[-1], atol=1e-5)


def test_the_prompt_is_start_text_end_in_clips_byte_pairs():
    assert build_detector(TINY).language.text_encoder.tokens.tolist() == [49406, 4160, 49407]


def test_the_text_encoder_reads_left_to_right():
    encoder = build_detector(TINY).language.text_encoder.eval()
    hidden = []
    encoder.transformer.register_forward_hook(lambda _m, _i, output: hidden.append(output.detach()))
    context = torch.randn(4, 32)
    encoder(context, torch.zeros(1, 32))
    changed = context.clone()
    changed[3] += 1.0
    encoder(changed, torch.zeros(1, 32))
    assert torch.allclose(hidden[0][:, :4], hidden[1][:, :4], atol=1e-5)
    assert not torch.allclose(hidden[0][:, 4:], hidden[1][:, 4:])


def test_the_cosine_of_equal_opposite_and_orthogonal_vectors():
    text = torch.tensor([[2.0, 0.0]])
    dense = torch.tensor([[[[3.0, -1.0, 0.0]], [[0.0, 0.0, 5.0]]]])
    assert cosine_map(dense, text).flatten().tolist() == pytest.approx([1, -1, 0])


def test_bimodal_matching_adds_the_image_by_its_likeness():
    image, text = torch.tensor([[3.0, 0.0], [0.0, 2.0]]), torch.tensor([[1.0, 0.0]])
    assert torch.allclose(bimodal_text(image, text), torch.tensor([[4.0, 0.0], [1.0, 0.0]]))


def test_a_visual_prompt_with_a_closed_gate_changes_nothing():
    dense = torch.randn(2, 32, 3, 5)
    decoder = CrossDecoder(32, layers=1, heads=2, width=16, self_attention=True, dropout=0.0)
    closed, opened = VisualPromptGenerator(decoder, 0.0), VisualPromptGenerator(decoder, 1.0)
    assert torch.equal(closed(dense, torch.randn(2, 32)), dense)
    assert not torch.allclose(opened(dense, torch.randn(2, 32)), dense)


def changed(**parts):
    """The tiny model with other language parts."""
    return TINY.model_copy(update={"tcm": TINY.tcm.model_copy(update=parts)})


def test_the_context_decoder_lets_the_text_read_the_picture():
    decoder = CrossDecoder(32, layers=1, heads=2, width=16, self_attention=True, dropout=0.0)
    text, pooled = torch.randn(2, 32), torch.randn(2, 32)
    dense = torch.randn(2, 32, 3, 5)
    assert torch.equal(ContextDecoder(decoder, 32, 0.0)(text, pooled, dense), text)
    opened = ContextDecoder(decoder, 32, 1.0)
    read = opened(text, pooled, dense)
    assert not torch.allclose(read, text)
    assert not torch.allclose(opened(text, pooled, dense + 1 * torch.randn_like(dense)), read)
    assert not torch.allclose(opened(text, pooled + torch.randn_like(pooled), dense), read)


def test_a_pixel_without_self_attention_does_not_see_its_neighbours():
    text, dense = torch.randn(1, 32), torch.randn(1, 32, 2, 2)
    moved = dense.clone()
    moved[..., 1, 1] += torch.randn(32)
    for self_attention in (True, False):
        decoder = CrossDecoder(32, layers=1, heads=2, width=16, self_attention=self_attention, dropout=0.0)
        generator = VisualPromptGenerator(decoder, 1.0).eval()
        same = torch.allclose(generator(dense, text)[..., 0, 0], generator(moved, text)[..., 0, 0], atol=1e-6)
        assert same is not self_attention


def test_the_score_channel_is_left_out_on_request():
    matching = TINY.tcm.matching.model_copy(update={"score_channel": False})
    detector = build_detector(changed(matching=matching)).eval()
    assert detector.neck.laterals[3].in_channels == detector.encoder.channels[3]
    assert detector(torch.randn(1, 3, 64, 64)).language is not None


def test_a_learned_temperature_starts_at_the_given_one_and_learns():
    fixed = build_detector(TINY).eval()
    matching = TINY.tcm.matching.model_copy(update={"learned_temperature": True})
    learned = build_detector(changed(matching=matching)).eval()
    learned.load_state_dict(fixed.state_dict(), strict=False)
    images = torch.randn(1, 3, 64, 64)
    output = learned(images).language
    assert torch.allclose(output, fixed(images).language, atol=1e-4)
    output.square().mean().backward()
    assert learned.language.matching.log_scale.grad.abs() > 0


@pytest.mark.parametrize("words", ["text", ""])
@pytest.mark.parametrize("context_vectors", [0, 4])
@pytest.mark.parametrize("cue", ["image", "meta_query", "none"])
def test_every_kind_of_prompt_learns_all_it_has(words, context_vectors, cue):
    language = TINY.tcm.language.model_copy(
        update={"words": words, "context_vectors": context_vectors, "cue": cue}
    )
    detector = build_detector(changed(language=language, visual=None))
    detector(torch.randn(2, 3, 64, 64)).language.square().mean().backward()
    prompt = list(detector.language.prompt.named_parameters())
    assert [name for name, p in prompt if not p.grad.abs().sum() > 0] == []
    assert ("context" in dict(prompt)) is (context_vectors > 0)
    assert any(name.startswith("layers") for name, _ in prompt) is (cue != "none")


def test_the_paper_and_the_released_code_differ_in_the_generators_activation():
    language = TINY.tcm.language.model_copy(update={"activation": "sigmoid"})
    kinds = [type(layer) for layer in build_detector(changed(language=language)).language.prompt.layers]
    assert nn.Sigmoid in kinds
    assert nn.ReLU not in kinds


def ablation_rows():
    """The rows of the paper's ablation (docs/model.md), on the tiny model."""
    language = TINY.tcm.language
    words = {"words": "text", "context_vectors": 0, "cue": "none"}
    rows = {
        "PP": words,
        **{f"LP {n}": {**words, "context_vectors": n} for n in (4, 18, 32)},
        "LP only": {**words, "words": "", "context_vectors": 4},
        "LG": {**words, "context_vectors": 4, "cue": "image"},
    }
    plain = TINY.tcm.matching.model_copy(update={"bimodal": False})
    for name, changes in rows.items():
        yield name, changed(language=language.model_copy(update=changes), visual=None, matching=plain)
    prompted = language.model_copy(update={**words, "context_vectors": 4})
    yield "VG", changed(language=prompted, matching=plain)
    whole = language.model_copy(update={"cue": "image"})
    yield "TCM", changed(language=whole, matching=plain, context=TINY.tcm.visual)
    yield "FastTCM", TINY
    yield "BSL", TINY.model_copy(update={"tcm": None})


@pytest.mark.parametrize(("name", "model"), list(ablation_rows()), ids=lambda value: str(value)[:8])
def test_each_row_of_the_ablation_is_one_configuration(name, model):
    detector = build_detector(model).eval()
    output = detector(torch.randn(2, 3, 64, 64))
    assert (output.language is None) is (name == "BSL")
    parts = {part for part, _ in detector.named_modules()}
    assert ("language.prompt.layers" in parts) is (name in ("LG", "TCM", "FastTCM"))
    assert ("language.visual_prompt" in parts) is (name in ("VG", "TCM", "FastTCM"))
    assert ("language.context_decoder" in parts) is (name == "TCM")
    if name.startswith("LP"):
        wanted = 4 if name == "LP only" else int(name.split()[1])
        assert len(detector.language.prompt.context) == wanted


@pytest.mark.parametrize(("width", "height"), [(1.0, 1.0), (0.0, 0.0), (30.0, 12.0)])
@pytest.mark.parametrize("ignore", [False, True])
@pytest.mark.parametrize("form", [("grid", "bce"), ("full", "balanced_bce"), ("full", "dice")])
def test_db_and_language_losses_are_finite_whatever_the_text(width, height, ignore, form):
    polygon = np.array([[20.0, 20.0], [20 + width, 20.0], [20 + width, 20 + height], [20.0, 20 + height]])
    texts = [TextInstance(polygon, "a", ignore)] if width else []
    config = TrainConfig.model_validate(
        {
            "data": {"root": "."},
            "model": TINY,
            "targets": {"min_side": 0.0},
            "language": {"form": form[0], "loss": form[1], "min_side": 0.0},
        }
    )
    arrays = TargetRecipe(config)(texts, (64, 64))
    targets = [torch.from_numpy(array.reshape(1, -1, *array.shape[-2:])) for array in arrays]
    detector = build_detector(TINY).eval()
    losses = total_loss(detector(torch.randn(1, 3, 64, 64)), targets, config)
    assert all(torch.isfinite(loss) for loss in losses.values())
    sum(losses.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in detector.parameters() if p.grad is not None)
