"""The text encoder against open_clip's own, and what freezing it means."""

import open_clip
import pytest
import torch

from tcm_core.models.text_encoder import TextEncoder

SMALL = {"width": 32, "layers": 2, "heads": 4, "embedding": 16}


@pytest.fixture(scope="module")
def reference():
    """A whole text tower of open_clip, small, with QuickGELU."""
    torch.manual_seed(0)
    config = {"vocab_size": 49408, "width": 32, "heads": 4, "layers": 2}
    tower = open_clip.transformer.TextTransformer(
        **config, output_dim=16, act_layer=open_clip.transformer.QuickGELU
    )
    for name, tensor in tower.state_dict().items():
        if name.endswith(("weight", "embedding", "projection", "bias")):
            tensor.normal_(std=0.3)
    return tower.eval()


def prompt(words):
    tokenizer = open_clip.SimpleTokenizer()
    return [tokenizer.sot_token_id, *tokenizer.encode(words), tokenizer.eot_token_id]


def encoder_of(reference, tokens, context_vectors, **options):
    """Our encoder with the reference's weights, its tables cut to the prompt."""
    encoder = TextEncoder(
        tokens,
        context_vectors=context_vectors,
        quick_gelu=options.pop("quick_gelu", True),
        **SMALL,
        **options,
    )
    load(encoder, reference, tokens)
    return encoder.eval()


def load(encoder, reference, tokens):
    state = {name: t for name, t in reference.state_dict().items() if name in encoder.state_dict()}
    state["tokens"] = torch.tensor(tokens)
    state["token_embedding"] = reference.token_embedding.weight[tokens]
    state["positional_embedding"] = reference.positional_embedding[: len(encoder.positional_embedding)]
    encoder.load_state_dict(state)


def open_clips_answer(reference, words):
    return reference(open_clip.tokenize([words]))


@pytest.mark.parametrize("words", ["", "text", "the pixels of many arbitrary-shape text instances"])
@torch.no_grad()
def test_plain_words_give_what_open_clip_gives(reference, words):
    encoder = encoder_of(reference, prompt(words), 0)
    expected = open_clips_answer(reference, words)
    assert torch.allclose(encoder(torch.zeros(0, 32), None), expected, atol=1e-5)
    assert torch.allclose(encoder(torch.zeros(0, 32), torch.zeros(3, 32)), expected.expand(3, -1), atol=1e-5)


@torch.no_grad()
def test_the_whole_tower_of_clip_gives_what_open_clip_gives():
    sizes = {"width": 512, "heads": 8, "layers": 12}
    torch.manual_seed(0)
    tower = open_clip.transformer.TextTransformer(
        vocab_size=49408, **sizes, output_dim=1024, act_layer=open_clip.transformer.QuickGELU
    ).eval()
    words = "the pixels of many arbitrary-shape text instances"
    tokens = prompt(words)
    encoder = TextEncoder(tokens, context_vectors=0, **sizes, embedding=1024, quick_gelu=True, frozen=True)
    load(encoder, tower, tokens)
    answer = encoder(torch.zeros(0, 512), None)
    assert torch.allclose(answer, open_clips_answer(tower, words), atol=1e-5)


@torch.no_grad()
def test_learned_vectors_that_spell_words_shift_the_end_and_cut_the_positions(reference):
    spelled = prompt("a photo of")[1:-1]
    encoder = encoder_of(reference, prompt("text"), len(spelled))
    assert len(encoder.positional_embedding) == 3 + len(spelled)
    answer = encoder(reference.token_embedding.weight[spelled], None)
    assert torch.allclose(answer, open_clips_answer(reference, "a photo of text"), atol=1e-5)


@torch.no_grad()
def test_the_cue_is_added_to_every_row_start_and_end_too(reference):
    encoder = encoder_of(reference, prompt("text"), 0)
    cues = torch.randn(2, 32)
    answers = encoder(torch.zeros(0, 32), cues)
    for cue, answer in zip(cues, answers, strict=True):
        moved = encoder_of(reference, prompt("text"), 0)
        moved.token_embedding += cue
        assert torch.allclose(moved(torch.zeros(0, 32), None)[0], answer, atol=1e-5)
    assert not torch.allclose(answers[0], answers[1])


@torch.no_grad()
def test_the_other_activation_gives_another_answer(reference):
    encoder = encoder_of(reference, prompt("text"), 0, quick_gelu=False)
    answer = encoder(torch.zeros(0, 32), None)
    assert (answer - open_clips_answer(reference, "text")).abs().max() > 1e-3


def test_a_frozen_encoder_lets_gradients_through_and_keeps_none(reference):
    encoder = encoder_of(reference, prompt("text"), 2, frozen=True)
    context, cue = torch.randn(2, 32, requires_grad=True), torch.randn(1, 32, requires_grad=True)
    encoder(context, cue).square().sum().backward()
    assert context.grad.abs().sum(dim=1).min() > 0
    assert cue.grad.abs().sum() > 0
    assert [name for name, p in encoder.named_parameters() if p.requires_grad or p.grad is not None] == []


def test_a_frozen_encoder_stays_in_evaluation_mode_when_all_around_it_trains():
    whole = torch.nn.ModuleList([TextEncoder([0, 1], context_vectors=0, **SMALL, frozen=True)])
    whole.train()
    assert whole.training
    assert not any(module.training for module in whole[0].modules())


def test_an_encoder_that_is_not_frozen_trains():
    encoder = TextEncoder([0, 1], context_vectors=0, **SMALL)
    assert all(p.requires_grad for p in encoder.parameters())
    assert all(module.training for module in encoder.train().modules())


def test_freezing_and_the_activation_leave_the_names_of_a_checkpoint_alone():
    plain = TextEncoder([0, 1], context_vectors=3, **SMALL)
    frozen = TextEncoder([0, 1], context_vectors=3, **SMALL, quick_gelu=True, frozen=True)
    assert {n: t.shape for n, t in plain.state_dict().items()} == {
        n: t.shape for n, t in frozen.state_dict().items()
    }
    assert {name for name in plain.state_dict() if "." not in name} == {
        "tokens",
        "token_embedding",
        "positional_embedding",
        "text_projection",
    }
