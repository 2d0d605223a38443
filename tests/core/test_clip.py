"""CLIP's encoders against open_clip's own, and its weights from every form of file."""

import math
import os
import zipfile

import open_clip
import pytest
import safetensors.torch
import torch

from tcm_core.convert.clip import load_clip, read_clip
from tcm_core.convert.weights_file import read_weights
from tcm_core.errors import BadCheckpoint, BadConfig
from tcm_core.models.encoders.clip import ClipImageEncoder, attend, position_rows
from tcm_core.models.text_encoder import TextEncoder
from tcm_core.weights.known import MODELS
from tcm_core.weights.store import add_weights
from tests.helpers.clip_models import random_clip, write_archive, write_safetensors, write_state_dict

WORDS = "the pixels of many arbitrary-shape text instances"


def prompt(words):
    tokenizer = open_clip.SimpleTokenizer()
    return [tokenizer.sot_token_id, *tokenizer.encode(words), tokenizer.eot_token_id]


def text_encoder(words=WORDS, **changes):
    sizes = {"context_vectors": 0, "width": 512, "layers": 2, "heads": 8, "embedding": 1024}
    return TextEncoder(prompt(words), **{**sizes, "quick_gelu": True, "frozen": True, **changes}).eval()


@pytest.fixture(scope="module")
def reference():
    torch.manual_seed(0)
    return random_clip("RN50", text_layers=2)  # all 12: test_text_encoder


@pytest.fixture(scope="module")
def files(reference, tmp_path_factory):
    """The reference's weights in the three forms."""
    folder = tmp_path_factory.mktemp("clip")
    forms = {
        "archive": write_archive(reference, folder / "RN50.pt"),
        "state dict": write_state_dict(reference, folder / "epoch_32.pt"),
        "safetensors": write_safetensors(reference, folder / "open_clip_model.safetensors"),
    }
    yield forms
    for path in forms.values():  # hundreds of megabytes
        path.unlink()


@pytest.fixture(scope="module")
def encoder(files):
    """Our image encoder with the reference's weights."""
    encoder = ClipImageEncoder("RN50").eval()
    load_clip(files["safetensors"], image=encoder, text=None)
    return encoder


@pytest.mark.parametrize("form", ["archive", "state dict", "safetensors"])
@torch.no_grad()
def test_every_form_of_file_gives_open_clips_features(form, reference, files):
    image, text = ClipImageEncoder("RN50").eval(), text_encoder()
    load_clip(files[form], image=image, text=text, token_ids=prompt(WORDS))
    pictures = torch.randn(2, 3, 224, 224)
    assert torch.allclose(image(pictures).pooled, reference.encode_image(pictures), atol=1e-5)
    expected = reference.encode_text(open_clip.tokenize([WORDS]))
    assert torch.allclose(text(torch.zeros(0, 512), None), expected, atol=1e-5)
    assert {p.dtype for p in [*image.parameters(), *text.parameters()]} == {torch.float32}


@pytest.mark.parametrize(("name", "size"), [("RN101", 224), ("RN50x4", 288)])
@torch.no_grad()
def test_the_larger_models_give_open_clips_global_vector(name, size, tmp_path):
    torch.manual_seed(0)
    reference = random_clip(name, text_layers=1, words=8)
    image = ClipImageEncoder(name).eval()
    load_clip(write_state_dict(reference, tmp_path / "weights.pt"), image=image, text=None)
    (tmp_path / "weights.pt").unlink()
    pictures = torch.randn(1, 3, size, size)
    assert torch.allclose(image(pictures).pooled, reference.encode_image(pictures), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "channels", "embedding"),
    [
        ("RN50", (256, 512, 1024, 2048), 1024),
        ("RN101", (256, 512, 1024, 2048), 512),
        ("RN50x4", (320, 640, 1280, 2560), 640),
    ],
)
def test_channels_and_embedding_of_each_model(name, channels, embedding):
    assert name in MODELS
    with torch.device("meta"):
        encoder = ClipImageEncoder(name)
        features = encoder(torch.empty(1, 3, 64, 96))
    assert encoder.channels == channels
    assert encoder.embedding == embedding
    shapes = [tuple(stage.shape) for stage in features.stages]
    assert shapes == [(1, c, 64 // s, 96 // s) for c, s in zip(channels, (4, 8, 16, 32), strict=True)]
    assert features.dense.shape == (1, embedding, 2, 3)
    assert features.pooled.shape == (1, embedding)


def test_the_image_tower_has_38_32_million_parameters():
    with torch.device("meta"):
        count = sum(p.numel() for p in ClipImageEncoder("RN50").parameters())
    assert count == 38_316_896
    assert f"{count / 1e6:.2f}" == "38.32"


@torch.no_grad()
def test_a_rectangle_gets_a_dense_map_and_the_vector_of_open_clips_own_pool(encoder, reference):
    pictures = torch.randn(1, 3, 256, 416)
    features = encoder(pictures)
    assert features.dense.shape == (1, 1024, 8, 13)
    last = reference.visual.layer4(
        reference.visual.layer3(
            reference.visual.layer2(reference.visual.layer1(reference.visual.stem(pictures)))
        )
    )
    assert torch.allclose(features.stages[3], last, atol=1e-5)
    pool = open_clip.modified_resnet.AttentionPool2d(1, 2048, 32, 1024)
    state = dict(encoder.tower.attnpool.state_dict())
    state["positional_embedding"] = position_rows(state["positional_embedding"], 8, 13)
    pool.positional_embedding = torch.nn.Parameter(torch.empty(8 * 13 + 1, 2048))
    pool.load_state_dict(state)
    assert torch.allclose(features.pooled, pool(last), atol=1e-5)


@torch.no_grad()
def test_every_pixel_asks_as_the_global_row_does():
    torch.manual_seed(1)
    pool = open_clip.modified_resnet.AttentionPool2d(2, 8, 2, 6)
    last = torch.randn(1, 8, 2, 3)
    dense, pooled = attend(pool, last)
    pixels = last[0].flatten(1).T
    rows = torch.cat([pixels.mean(0, keepdim=True), pixels]) + position_rows(pool.positional_embedding, 2, 3)
    queries, keys, values = pool.q_proj(rows), pool.k_proj(rows), pool.v_proj(rows)
    answers = []
    for query in queries:
        heads = []
        for part in (slice(0, 4), slice(4, 8)):
            weights = torch.softmax(keys[:, part] @ query[part] / math.sqrt(4), dim=0)
            heads.append(weights @ values[:, part])
        answers.append(pool.c_proj(torch.cat(heads)))
    assert torch.allclose(pooled[0], answers[0], atol=1e-5)
    assert torch.allclose(dense[0].flatten(1).T, torch.stack(answers[1:]), atol=1e-5)


def test_positions_are_stretched_along_both_sides_of_a_rectangle():
    table = torch.tensor([[9.0], [0.0], [1.0], [10.0], [11.0]])  # global row, then [[0, 1], [10, 11]]
    assert position_rows(table, 1, 4)[0] == 9
    assert position_rows(table, 2, 4)[1:, 0].tolist() == [0, 0.25, 0.75, 1, 10, 10.25, 10.75, 11]
    assert position_rows(table, 4, 2)[1:, 0].tolist() == [0, 1, 2.5, 3.5, 7.5, 8.5, 10, 11]


@pytest.mark.parametrize("side", [7, 9])
def test_at_the_tables_own_grid_the_positions_are_the_tables(side):
    table = torch.randn(1 + side * side, 16)
    assert torch.equal(position_rows(table, side, side), table)


def test_the_table_keeps_its_size_whatever_pictures_come(encoder):
    with torch.no_grad():
        encoder(torch.randn(1, 3, 64, 160))
    assert encoder.tower.attnpool.positional_embedding.shape == (50, 2048)


def test_gradients_reach_every_parameter(encoder):
    encoder.zero_grad()
    features = encoder(torch.randn(1, 3, 64, 96))
    features.dense.square().sum().backward()
    still = [name for name, p in encoder.named_parameters() if p.grad is None or not p.grad.any()]
    encoder.zero_grad()
    assert still == []


def test_without_the_pool_the_last_stage_stands_in(files, reference):
    encoder = ClipImageEncoder("RN50", attention_pool=False).eval()
    load_clip(files["state dict"], image=encoder, text=None)
    assert encoder.embedding == 2048
    assert not any("attnpool" in name for name in encoder.state_dict())
    with torch.no_grad():
        features = encoder(torch.randn(1, 3, 64, 64))
    assert torch.equal(features.dense, features.stages[-1])
    assert torch.equal(encoder.tower.conv1.weight, reference.visual.conv1.weight)


def test_a_text_encoder_alone_takes_its_rows_and_the_first_positions(files, reference):
    text = text_encoder("text", context_vectors=4)
    load_clip(files["archive"], image=None, text=text)
    assert torch.equal(text.token_embedding, reference.token_embedding.weight[[49406, 4160, 49407]])
    assert torch.equal(text.positional_embedding, reference.positional_embedding[:7])


def test_a_name_of_the_store_leads_to_the_file(files):
    add_weights(files["state dict"], "mine")
    encoder = ClipImageEncoder("RN50")
    load_clip("mine", image=encoder, text=None)
    assert encoder.tower.bn1.running_var.max() < 1


def test_what_a_file_is_stands_in_its_form(files):
    assert {name: (read_clip(path).model, read_clip(path).form) for name, path in files.items()} == {
        "archive": ("RN50", "TorchScript archive"),
        "state dict": ("RN50", "state dict"),
        "safetensors": ("RN50", "safetensors"),
    }


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"quick_gelu": False}, "trained with QuickGELU"),
        ({"heads": 4}, "has 8 heads"),
        ({"context_vectors": 70}, "rows, CLIP reads 77"),
    ],
)
def test_a_text_encoder_that_would_answer_wrongly_is_refused(changes, what, files):
    text = text_encoder(**changes)
    before = text.text_projection.clone()
    with pytest.raises(BadConfig, match=what):
        load_clip(files["archive"], image=None, text=text)
    assert torch.equal(text.text_projection, before)


def test_a_text_tower_of_other_depth_is_refused_and_the_image_tower_stays(files):
    image, text = ClipImageEncoder("RN50"), text_encoder(layers=1)
    before = image.tower.conv1.weight.clone()
    with pytest.raises(BadCheckpoint, match=r"transformer\.resblocks\.1\..* is not known"):
        load_clip(files["state dict"], image=image, text=text)
    assert torch.equal(image.tower.conv1.weight, before)


def test_an_embedding_that_no_clip_has_is_refused(files):
    with pytest.raises(BadConfig, match="RN50 has 1024, RN101 has 512, RN50x4 has 640"):
        load_clip(files["archive"], image=None, text=text_encoder(embedding=100))


def test_weights_of_another_resnet_are_refused_by_name(files):
    with pytest.raises(BadCheckpoint, match="CLIP RN50, and the model is CLIP RN101"):
        load_clip(files["state dict"], image=ClipImageEncoder("RN101"), text=None)


def changed(files, path, change):
    """The state dict of the file with a change, written again; big tensors shrunk to one stored number."""
    state = dict(torch.load(files["state dict"], weights_only=True)["state_dict"])
    state = {
        name.removeprefix("module."): tensor.flatten()[:1].clone().expand(tensor.shape)
        if tensor.ndim
        else tensor
        for name, tensor in state.items()
    }
    change(state)
    torch.save(state, path)
    return path


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda s: s.pop("visual.layer2.1.bn2.weight"), "layer2.1.bn2.weight is missing"),
        (lambda s: s.update({"visual.layer2.1.extra": torch.zeros(1)}), "layer2.1.extra is not known"),
        (
            lambda s: s.update({"visual.bn1.weight": torch.zeros(5)}),
            r"bn1.weight is \(5,\), expected \(32,\)",
        ),
        (lambda s: s.update({"head.weight": torch.zeros(1)}), "belong to no CLIP: head.weight"),
        (
            lambda s: s.update({"visual.bn1.weight": torch.full((32,), torch.inf)}),
            "bn1.weight has .* not finite",
        ),
        (lambda s: s.update({"visual.bn1.weight": torch.zeros(32, dtype=torch.int8)}), "int8 values"),
        (
            lambda s: s.update({"visual.attnpool.positional_embedding": torch.zeros(401, 2048)}),
            "an unknown kind .*401 positions",
        ),
    ],
)
def test_every_tensor_is_accounted_for(change, what, files, tmp_path):
    path = changed(files, tmp_path / "changed.pt", change)
    with pytest.raises(BadCheckpoint, match=what):
        load_clip(path, image=ClipImageEncoder("RN50"), text=None)


def test_a_file_without_a_text_tower_serves_an_image_encoder_only(files, tmp_path):
    def drop_text(state):
        for name in [name for name in state if not name.startswith("visual.")]:
            del state[name]

    path = changed(files, tmp_path / "visual.pt", drop_text)
    load_clip(path, image=ClipImageEncoder("RN50"), text=None)
    with pytest.raises(BadCheckpoint, match="no text tower"):
        load_clip(path, image=None, text=text_encoder())


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (["visual.class_embedding", "visual.proj", "text_projection"], "vision transformer"),
        (["visual.trunk.stem.0.weight", "text_projection"], "timm image tower"),
        (["vision_model.embeddings.class_embedding"], "transformers library"),
        (["backbone.conv1.weight", "neck.lateral.weight"], "tcm convert checkpoint"),
        (["encoder.backbone.conv1.weight", "language.prompt.context"], "a TCM checkpoint"),
        (["conv1.weight", "layer4.0.conv1.weight", "fc.weight"], "plain ResNet"),
        (["a", "b", "c", "d", "e"], "its tensors are a, b, c, d and 1 more"),
    ],
)
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_wrong_file_is_named_for_what_it_is(names, what, suffix, tmp_path):
    path = tmp_path / f"wrong{suffix}"
    tensors = {name: torch.zeros(2) for name in names}
    (torch.save if suffix == ".pt" else safetensors.torch.save_file)(tensors, path)
    with pytest.raises(BadCheckpoint, match=what):
        read_clip(path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "neither a PyTorch file nor a safetensors file"),
        (b"just words, quite a few of them", "neither a PyTorch file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS pointer"),
        (b"<!DOCTYPE html><html>Not found</html>", "a web page"),
        (b"PK\x03\x04 and no archive", "cannot be read"),
        (b"\x80\x02 and no pickle", "cannot be read"),
        (b"\xff\xff\xff\x7f\x00\x00\x00\x00{}", "damaged or cut off"),
    ],
)
def test_a_file_that_is_no_weights_is_refused(content, what, tmp_path):
    (tmp_path / "file.pt").write_bytes(content)
    with pytest.raises(BadCheckpoint, match=what):
        read_weights(tmp_path / "file.pt")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadCheckpoint, match="No such file"):
        read_weights(tmp_path / "nothing.pt")


@pytest.fixture(scope="module")
def small_files(tmp_path_factory):
    """A few tensors in the three forms."""
    folder = tmp_path_factory.mktemp("small")
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    with pytest.warns(FutureWarning):
        torch.jit.save(torch.jit.script(module), str(folder / "archive.pt"))
    torch.save(module.state_dict(), folder / "state.pt")
    torch.save(module.state_dict(), folder / "old.pt", _use_new_zipfile_serialization=False)
    safetensors.torch.save_file(module.state_dict(), folder / "some.safetensors")
    return folder, module.state_dict()


@pytest.mark.parametrize("name", ["archive.pt", "state.pt", "old.pt", "some.safetensors"])
def test_all_forms_hold_the_same_tensors(name, small_files):
    folder, state = small_files
    tensors = read_weights(folder / name).tensors
    assert tensors.keys() == state.keys()
    assert all(torch.equal(tensors[key], state[key]) for key in state)


@pytest.mark.parametrize("name", ["archive.pt", "state.pt", "old.pt", "some.safetensors"])
def test_a_cut_or_garbled_file_gives_tensors_or_a_clear_refusal(name, small_files, tmp_path):
    folder, _ = small_files
    whole = (folder / name).read_bytes()
    generator = torch.Generator().manual_seed(0)
    path = tmp_path / "garbled"
    for cut in range(0, len(whole), max(1, len(whole) // 12)):
        path.write_bytes(whole[:cut])
        with pytest.raises(BadCheckpoint):
            read_weights(path)
    refusals = []
    for _ in range(60):
        garbled = bytearray(whole)
        for _ in range(3):
            place = int(torch.randint(len(whole), (), generator=generator))
            garbled[place] = int(torch.randint(256, (), generator=generator))
        path.write_bytes(garbled)
        try:
            assert isinstance(read_weights(path).tensors, dict)
        except BadCheckpoint as error:
            refusals.append(str(error))
    assert all(str(path) in refusal for refusal in refusals)


class Opener:
    """Would make a folder if it were unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_state_dict_that_would_run_something_is_refused_and_does_not(tmp_path):
    trap = tmp_path / "trap"
    torch.save({"visual.conv1.weight": Opener(str(trap))}, tmp_path / "trap.pt")
    with pytest.raises(BadCheckpoint, match="cannot be read"):
        read_weights(tmp_path / "trap.pt")
    assert not trap.exists()


def test_an_archive_that_would_run_something_is_refused_and_does_not(small_files, tmp_path):
    trap = tmp_path / "trap"
    evil = b"\x80\x02cos\nmkdir\nq\x00(V" + str(trap).encode() + b"\ntq\x01R."
    rewrite(small_files[0] / "archive.pt", tmp_path / "trap.pt", data=evil)
    with pytest.raises(BadCheckpoint, match="cannot be read"):
        read_weights(tmp_path / "trap.pt")
    assert not trap.exists()


def test_a_compressed_archive_is_refused_before_it_is_unpacked(small_files, tmp_path):
    rewrite(small_files[0] / "archive.pt", tmp_path / "packed.pt", compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(BadCheckpoint, match="a compressed archive"):
        read_weights(tmp_path / "packed.pt")


def rewrite(source, target, *, data=None, compression=zipfile.ZIP_STORED):
    """An archive again, with other data or packed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if data is not None and entry.filename.endswith("/data.pkl"):
                content = data
            new.writestr(entry.filename, content)
