"""CLIP's weights, as OpenAI and open_clip publish them, into our image and text encoders."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import open_clip
import torch
from torch import Tensor

from tcm_core.convert.weights_file import Form, read_weights, some_of
from tcm_core.errors import BadCheckpoint, BadConfig
from tcm_core.models.encoders.clip import ClipImageEncoder
from tcm_core.models.text_encoder import TextEncoder
from tcm_core.weights.store import locate_weights

RESNETS: Final = ("RN50", "RN101", "RN50x4", "RN50x16", "RN50x64")
TEXT_HEAD_WIDTH: Final = 64  # channels of one attention head in every text tower of CLIP

_TEXT_NAMES: Final = (
    "token_embedding.weight",
    "positional_embedding",
    "text_projection",
    "ln_final.",
    "transformer.",
)
# what a detector has no use for: the scale of CLIP's own loss, facts about the model, the causal mask
_UNUSED = re.compile(
    r"logit_scale|logit_bias|input_resolution|context_length|vocab_size|(.*\.)?attn_mask|.*\.num_batches_tracked"
)
_COUNTER: Final = "num_batches_tracked"

# what else people choose by mistake: a telling part of a tensor's name, and what the file is then
_OTHERS: Final = (
    ("visual.class_embedding", "CLIP weights of a vision transformer (ViT)"),
    ("visual.trunk.", "an open_clip model with a timm image tower"),
    ("vision_model.", "a CLIP or SigLIP model of the transformers library"),
    ("neck.", "a whole detector; `tcm convert checkpoint` reads those"),
    ("backbone.", "a whole detector; `tcm convert checkpoint` reads those"),
    ("language.prompt.", "a TCM checkpoint; it is used as it is"),
    ("layer4.0.conv1.weight", "a plain ResNet of torchvision or timm, without a text tower"),
)


class ClipWeights(NamedTuple):
    """The tensors of one CLIP ResNet, float32, under the names of open_clip's CLIP class."""

    model: str
    """The architecture, as open_clip names it."""
    tensors: dict[str, Tensor]
    form: Form


def load_clip(
    source: Path | str,
    *,
    image: ClipImageEncoder | None,
    text: TextEncoder | None,
    token_ids: Sequence[int] | None = None,
) -> None:
    """Puts CLIP's weights into an image encoder, a text encoder, or both; both or none are changed.

    Args:
        source: a tag of open_clip (`openai`, `yfcc15m`, `cc12m`), pulled into the store when it is not
            there; a name in the store; or the path of OpenAI's archive, a state dict or a safetensors file.
        image: takes `visual.*`.
        text: takes the text tower, its tables cut to the prompt.
        token_ids: rows of the token table that `text` takes; None: its own tokens.

    Raises:
        BadCheckpoint: no such weights, another architecture, a damaged file, or a tensor that is missing, of
            another shape, not finite, or of unknown use.
        BadConfig: the text encoder differs from the weights in its activation, its heads, or asks for more
            rows or tokens than there are.
        TcmError: the weights had to be pulled, and that failed.
    """
    wanted = image.name if image is not None else _model_of_embedding(text)
    path, quick_gelu = locate_weights(source, wanted)
    weights = read_clip(path)
    if weights.model != wanted:
        raise BadCheckpoint(
            f"{path}: CLIP {weights.model}, and the model is CLIP {wanted}. Choose another file, or set "
            f"the encoder's name to {weights.model}."
        )
    if weights.form == "TorchScript archive":
        quick_gelu = True  # the form that OpenAI publishes in, and all of its weights are QuickGELU
    image_state = None if image is None else _image_state(path, weights, image)
    text_state = None
    if text is not None:
        _check_text(path, text, quick_gelu)
        ids = text.get_buffer("tokens").tolist() if token_ids is None else list(token_ids)
        text_state = _text_state(path, weights, text, ids)
    if image is not None and image_state is not None:
        image.tower.load_state_dict(image_state)
    if text is not None and text_state is not None:
        text.load_state_dict(text_state)


def read_clip(path: Path) -> ClipWeights:
    """The weights of a CLIP ResNet, every tensor accounted for.

    Raises:
        BadCheckpoint: see read_weights; or the file is something else, which the message names.
    """
    stored = read_weights(path)
    tensors = {_plain_name(name): tensor for name, tensor in stored.tensors.items()}
    model = _identify(path, tensors)
    strange = [
        name
        for name in tensors
        if not name.startswith(("visual.", *_TEXT_NAMES)) and not _UNUSED.fullmatch(name)
    ]
    if strange:
        raise BadCheckpoint(
            f"{path}: CLIP {model}, with tensors that belong to no CLIP: {some_of(strange)}. "
            "It is another program's checkpoint; choose another file."
        )
    kept = {name: tensor for name, tensor in tensors.items() if not _UNUSED.fullmatch(name)}
    for name, tensor in kept.items():
        if not tensor.is_floating_point():
            raise BadCheckpoint(
                f"{path}: {name} has {tensor.dtype} values; quantised weights cannot be used."
            )
        if not torch.isfinite(tensor).all():
            raise BadCheckpoint(f"{path}: {name} has values that are not finite; copy or download it again.")
    return ClipWeights(model, {name: tensor.float() for name, tensor in kept.items()}, stored.form)


def _plain_name(name: str) -> str:
    """open_clip's other layout keeps the text tower below `text.`; both become one."""
    rest = name.removeprefix("text.")
    return rest if rest.startswith(_TEXT_NAMES) or _UNUSED.fullmatch(rest) else name


def _identify(path: Path, tensors: Mapping[str, Tensor]) -> str:
    """Which CLIP ResNet this is, told by depth, width, embedding and grid."""
    if "visual.attnpool.positional_embedding" not in tensors:
        for part, what in _OTHERS:
            if any(name.startswith(part) for name in tensors):
                raise BadCheckpoint(f"{path}: {what}. Weights of a CLIP ResNet are needed: {_choices()}.")
        raise BadCheckpoint(
            f"{path}: no CLIP weights; its tensors are {some_of(sorted(tensors)) or 'none'}. "
            f"Weights of a CLIP ResNet are needed: {_choices()}."
        )
    found = _signature(tensors)
    for model in RESNETS:
        config = open_clip.get_model_config(model)
        vision = config["vision_cfg"]
        grid = (vision["image_size"] // 32) ** 2 + 1
        if found == (tuple(vision["layers"]), vision["width"], config["embed_dim"], grid):
            return model
    layers, width, embedding, rows = found
    raise BadCheckpoint(
        f"{path}: a CLIP ResNet of an unknown kind (blocks {layers}, width {width}, embedding {embedding}, "
        f"{rows} positions). {_choices()} can be used."
    )


def _signature(tensors: Mapping[str, Tensor]) -> tuple[tuple[int, ...], int, int, int]:
    blocks = [re.match(r"visual\.layer([1-4])\.(\d+)\.", name) for name in tensors]
    pairs = {(match[1], match[2]) for match in blocks if match}
    layers = tuple(sum(stage == wanted for stage, _ in pairs) for wanted in "1234")
    width = _rows(tensors, "visual.layer1.0.conv1.weight")
    embedding = _rows(tensors, "visual.attnpool.c_proj.weight")
    return layers, width, embedding, _rows(tensors, "visual.attnpool.positional_embedding")


def _rows(tensors: Mapping[str, Tensor], name: str) -> int:
    tensor = tensors.get(name)
    return 0 if tensor is None or tensor.ndim == 0 else tensor.shape[0]


def _choices() -> str:
    return "RN50, RN101 or RN50x4"


def _model_of_embedding(text: TextEncoder | None) -> str:
    if text is None:
        raise ValueError("neither an image nor a text encoder to load into")
    models = {open_clip.get_model_config(name)["embed_dim"]: name for name in ("RN50", "RN101", "RN50x4")}
    if text.embedding not in models:
        raise BadConfig(
            f"a text encoder with an embedding of {text.embedding} channels cannot take CLIP's weights; "
            f"{', '.join(f'{name} has {size}' for size, name in models.items())}."
        )
    return models[text.embedding]


def _image_state(path: Path, weights: ClipWeights, image: ClipImageEncoder) -> dict[str, Tensor]:
    given = {
        name.removeprefix("visual."): tensor
        for name, tensor in weights.tensors.items()
        if name.startswith("visual.")
    }
    if image.tower.attnpool is None:
        given = {name: tensor for name, tensor in given.items() if not name.startswith("attnpool.")}
    return _matched(path, f"the image tower of CLIP {weights.model}", given, image.tower.state_dict())


def _check_text(path: Path, text: TextEncoder, quick_gelu: bool | None) -> None:
    if quick_gelu is not None and text.quick_gelu != quick_gelu:
        raise BadConfig(
            f"{path}: trained with {'QuickGELU' if quick_gelu else 'GELU'}, and the text encoder has "
            f"{'QuickGELU' if text.quick_gelu else 'GELU'}; it would answer wrongly. "
            f"Set quick_gelu = {'true' if quick_gelu else 'false'}."
        )
    if text.heads * TEXT_HEAD_WIDTH != text.width:
        raise BadConfig(
            f"{path}: CLIP's text tower of width {text.width} has {text.width // TEXT_HEAD_WIDTH} heads, and "
            f"the text encoder {text.heads}. Set heads = {text.width // TEXT_HEAD_WIDTH}."
        )


def _text_state(
    path: Path, weights: ClipWeights, text: TextEncoder, token_ids: Sequence[int]
) -> dict[str, Tensor]:
    given = {name: tensor for name, tensor in weights.tensors.items() if name.startswith(_TEXT_NAMES)}
    state = text.state_dict()
    words, positions = given.pop("token_embedding.weight", None), given.get("positional_embedding")
    if words is None or positions is None:
        raise BadCheckpoint(f"{path}: no text tower in it; the text encoder needs one. Choose another file.")
    if max(token_ids) >= len(words):
        raise BadConfig(f"{path}: the prompt has the token {max(token_ids)}, the table {len(words)} rows.")
    length = len(state["positional_embedding"])
    if length > len(positions):
        raise BadConfig(
            f"{path}: the prompt and its learned vectors are {length} rows, CLIP reads {len(positions)}. "
            "Take fewer context vectors or fewer words."
        )
    given["token_embedding"] = words[torch.tensor(token_ids)]
    given["positional_embedding"] = positions[:length].clone()
    given["tokens"] = torch.tensor(token_ids, dtype=torch.int64)
    return _matched(path, "the text encoder", given, state)


def _matched(
    path: Path, what: str, given: Mapping[str, Tensor], wanted: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """`given`, with counters of `wanted` where it has none; names and shapes must agree."""
    state = {name: tensor for name, tensor in wanted.items() if name.endswith(_COUNTER)} | dict(given)
    problems = [
        *(f"{name} is missing" for name in wanted if name not in state),
        *(f"{name} is not known" for name in state if name not in wanted),
        *(
            f"{name} is {tuple(tensor.shape)}, expected {tuple(wanted[name].shape)}"
            for name, tensor in state.items()
            if name in wanted and tensor.shape != wanted[name].shape
        ),
    ]
    if problems:
        raise BadCheckpoint(
            f"{path}: it does not fit {what}: {some_of(problems)}. "
            "Choose another file, or set the model's sizes to those of the weights."
        )
    return state
