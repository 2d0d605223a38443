"""Other words for a checkpoint: the same as if it had been built with them, from whatever knows them."""

import copy

import pytest
import torch
from safetensors.torch import load_file

from tcm_core.build import build_detector, prompt_tokens
from tcm_core.checkpoint import load_checkpoint, save_checkpoint
from tcm_core.checkpoint_file import read_metadata
from tcm_core.cli.main import main
from tcm_core.config.model import ClipText, TimmEncoder
from tcm_core.errors import BadCheckpoint, BadConfig
from tcm_core.infer.device import Device
from tcm_core.infer.predictor import Predictor
from tcm_core.infer.words import find_table, no_tower, own_table, reword, save_with_words, with_words
from tcm_core.weights.store import add_weights
from tests.helpers.clip_models import random_clip, write_safetensors
from tests.helpers.photos import scene
from tests.helpers.tiny_model import TINY, tiny_metadata
from tests.helpers.worded import OWN, model_with
from tests.helpers.worded import worded_checkpoint as checkpoint


@pytest.fixture
def image():
    return scene((128, 192))


@pytest.mark.parametrize("cue", ["image", "meta_query", "none"])
def test_fewer_of_its_own_words_give_what_a_detector_built_with_them_gives(cue, tmp_path, image):
    path = checkpoint(tmp_path, cue=cue)
    loaded = load_checkpoint(path)
    table = own_table(loaded.detector.language.text_encoder)
    assert sorted(table.words) == ["a", "of", "photo", "sign", "text"]

    built = build_detector(model_with("sign of text", cue=cue))
    state = loaded.detector.state_dict()
    tokens = prompt_tokens("sign of text")
    old = prompt_tokens(OWN)
    rows = state["language.text_encoder.token_embedding"]
    state["language.text_encoder.tokens"] = torch.tensor(tokens)
    state["language.text_encoder.token_embedding"] = rows[[old.index(token) for token in tokens]]
    positions = state["language.text_encoder.positional_embedding"]
    state["language.text_encoder.positional_embedding"] = positions[: len(tokens) + 4]
    built.load_state_dict(state)

    cpu = Device(torch.device("cpu"), torch.float32)
    wanted = Predictor(built, loaded.metadata, cpu).maps(image)
    predictor = Predictor(loaded.detector, loaded.metadata, cpu)
    seen = predictor.look(image)
    branch = with_words(predictor.language, "sign of text", table)
    found = predictor.maps_of(seen, branch)
    assert (found.language == wanted.language).all()
    assert (found.planes["probability"] == wanted.planes["probability"]).all()
    assert (predictor.score_map(seen, branch) == wanted.language).all()
    own = predictor.maps(image)
    assert (predictor.maps_of(seen).language == own.language).all()
    assert (own.language != wanted.language).any()


def test_the_saved_file_answers_as_the_changed_language_side_did(tmp_path, image):
    path = checkpoint(tmp_path)
    predictor = Predictor.load(path, "cpu")
    table = own_table(predictor.language.text_encoder)
    wanted = predictor.maps_of(predictor.look(image), with_words(predictor.language, "sign", table))
    target = tmp_path / "sign.safetensors"
    save_with_words(path, target, "sign", table, "signs")
    metadata = read_metadata(target)
    assert (metadata.name, metadata.model.tcm.language.words) == ("signs", "sign")
    assert 'from "a photo of text sign" to "sign"' in metadata.note
    changed = Predictor.load(target, "cpu")
    found = changed.maps(image)
    assert abs(found.language.astype(int) - wanted.language).max() <= 1
    assert changed.checkpoint_hash != predictor.checkpoint_hash
    before, after = load_file(path), load_file(target)
    same = [name for name in before if "text_encoder" not in name]
    assert all(torch.equal(before[name], after[name]) for name in same)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("house", "does not know: house. It knows: a, photo, of, text, sign"),
        ("text text text text text text", r"too long: 12 places .* the text tower has 11"),
    ],
)
def test_words_that_a_small_tower_lacks_are_named(words, said, tmp_path):
    table = own_table(load_checkpoint(checkpoint(tmp_path)).detector.language.text_encoder)
    with pytest.raises(BadConfig, match=said):
        reword(words, table, 4)


def test_no_words_leave_the_learned_vectors(tmp_path):
    table = own_table(load_checkpoint(checkpoint(tmp_path)).detector.language.text_encoder)
    assert len(reword("", table, 4).positions) == 6


def test_a_plain_detector_and_an_exported_file_say_why_not(tmp_path):
    table = own_table(load_checkpoint(checkpoint(tmp_path)).detector.language.text_encoder)
    plain = tmp_path / "plain.safetensors"
    model = TINY.model_copy(update={"tcm": None})
    save_checkpoint(plain, build_detector(model).state_dict(), tiny_metadata(model=model))
    with pytest.raises(BadCheckpoint, match=r"a plain detector without a language side\. The words of"):
        save_with_words(plain, tmp_path / "x.safetensors", "text", table, "x")
    assert "computed once and the text tower left out" in no_tower("x.onnx", exported=True)


@pytest.fixture(scope="module")
def clip():
    return random_clip("RN50", text_layers=12)


def clip_checkpoint(folder, clip, words="text"):
    """A detector on a small encoder with CLIP's own text tower."""
    tcm = model_with(words).tcm.model_copy(update={"text": ClipText(name="RN50")})
    model = TINY.model_copy(update={"tcm": tcm, "encoder": TimmEncoder(embedding=1024)})
    detector = build_detector(model)
    given, encoder = clip.state_dict(), detector.language.text_encoder
    state = {name: given[name] for name in encoder.state_dict() if name in given}
    tokens = encoder.get_buffer("tokens")
    state["tokens"], state["token_embedding"] = tokens, given["token_embedding.weight"][tokens]
    state["positional_embedding"] = given["positional_embedding"][: len(encoder.positional_embedding)]
    encoder.load_state_dict(state)
    path = folder / "clip.safetensors"
    save_checkpoint(path, detector.state_dict(), tiny_metadata(model=model))
    return path


def test_a_tower_of_clip_knows_every_word_when_its_weights_are_in_the_store(
    clip, tmp_path, monkeypatch, image
):
    monkeypatch.setenv("TCM_STUDIO_HOME", str(tmp_path / "home"))
    path = clip_checkpoint(tmp_path, clip)
    predictor = Predictor.load(path, "cpu")
    modules = predictor.metadata.model.tcm
    assert not find_table(predictor.language, modules).whole

    other = copy.deepcopy(clip)
    other.token_embedding.weight.data *= 1.1
    add_weights(write_safetensors(other, tmp_path / "another.safetensors"))
    assert not find_table(predictor.language, modules).whole  # of a tower that this one was not made of

    add_weights(write_safetensors(clip, tmp_path / "mine.safetensors"))
    table = find_table(predictor.language, modules)
    assert table.whole
    assert table.origin == "CLIP weights mine"
    branch = with_words(predictor.language, "a long wooden sign", table)
    found = predictor.maps_of(predictor.look(image), branch)
    (tmp_path / "rebuilt").mkdir()
    rebuilt = Predictor.load(clip_checkpoint(tmp_path / "rebuilt", clip, "a long wooden sign"), "cpu")
    language = rebuilt.language
    own = predictor.language.state_dict()
    parts = {name: tensor for name, tensor in own.items() if not name.startswith("text_encoder.")}
    language.load_state_dict(parts, strict=False)
    wanted = predictor.maps_of(predictor.look(image), language)
    assert abs(found.language.astype(int) - wanted.language).max() <= 1


def test_a_file_that_was_cut_off_says_so(tmp_path):
    path = checkpoint(tmp_path)
    table = own_table(load_checkpoint(path).detector.language.text_encoder)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadCheckpoint, match="its header promises"):
        save_with_words(path, tmp_path / "x.safetensors", "text", table, "x")


def test_a_table_of_another_shape_is_a_mistake(tmp_path):
    encoder = load_checkpoint(checkpoint(tmp_path)).detector.language.text_encoder
    with pytest.raises(ValueError, match="for 2 tokens and 6 places of width 32"):
        encoder.with_words([1, 2], torch.zeros(2, 32), torch.zeros(5, 32))
    assert encoder.get_buffer("tokens").tolist() == prompt_tokens(OWN)


def status(arguments):
    """The exit status of `tcm` with these arguments."""
    try:
        return main(arguments)
    except SystemExit as end:
        return end.code


def test_the_command_lists_known_words_and_writes_a_checkpoint_with_others(tmp_path, capsys):
    path, out = checkpoint(tmp_path), tmp_path / "sign.safetensors"
    assert status(["words", str(path)]) == 0
    assert '"a photo of text sign"; it knows a, photo, of, text, sign' in capsys.readouterr().out
    assert status(["words", str(path), "--words", "sign", "--out", str(out)]) == 0
    assert read_metadata(out).model.tcm.language.words == "sign"
    assert status(["words", str(path), "--words", "house", "--out", str(tmp_path / "no.safetensors")]) == 2
    assert "does not know: house" in capsys.readouterr().err
    assert status(["words", str(path), "--words", "sign"]) == 2
    assert not (tmp_path / "no.safetensors").exists()
