"""Other words for a checkpoint: what its text tower knows, its language side over them, and a file with them.

The towers of checkpoints hold the embeddings of their own prompt's words only. Those of other words come from
the weights of CLIP that the tower was made of, when they are in the store of weights.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import open_clip
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from tcm_core.build import prompt_tokens
from tcm_core.checkpoint import save_checkpoint
from tcm_core.checkpoint_file import CheckpointMetadata, read_metadata
from tcm_core.checkpoint_upgrade import upgrade_name
from tcm_core.config.model import ClipText, TcmModules
from tcm_core.convert.clip import read_clip
from tcm_core.errors import BadCheckpoint, BadConfig
from tcm_core.models.language_branch import LanguageBranch
from tcm_core.models.text_encoder import TextEncoder
from tcm_core.onnx_file import is_onnx
from tcm_core.weights.known import known_weights
from tcm_core.weights.store import StoredWeights, list_weights, locate_weights

_TOWER: Final = "language.text_encoder."
_SAME: Final = 2e-3
"""Of the largest value: half precision rounds a twentieth of that away."""


class WordTable(NamedTuple):
    """What a text tower knows.

    Attributes:
        rows: the embedding (W,) of each token, by its id.
        positions: (P, W), the position table; a prompt and its learned vectors have P places at most.
        whole: whether these are all words of CLIP, and not a prompt's own only.
        origin: where they are from, in words.
    """

    rows: dict[int, Tensor]
    positions: Tensor
    whole: bool
    origin: str

    @property
    def words(self) -> list[str]:
        """The words, or pieces of words, that can be used; not listed for all of CLIP's."""
        if self.whole:
            return []
        tokenizer = open_clip.SimpleTokenizer()
        ends = (tokenizer.sot_token_id, tokenizer.eot_token_id)
        return [tokenizer.decode([token]).strip() for token in self.rows if token not in ends]


class Reworded(NamedTuple):
    """A prompt in the numbers of one text tower."""

    tokens: list[int]
    rows: Tensor  # (len(tokens), W)
    positions: Tensor  # (len(tokens) + n, W)


def own_table(encoder: TextEncoder) -> WordTable:
    """The words of a checkpoint's own prompt."""
    tokens = encoder.get_buffer("tokens").tolist()
    rows = dict(zip(tokens, encoder.token_embedding.detach(), strict=True))
    return WordTable(rows, encoder.positional_embedding.detach(), False, "the checkpoint itself")


def find_table(language: LanguageBranch, modules: TcmModules) -> WordTable:
    """All words of CLIP where the tower is CLIP's and its weights are in the store, else the prompt's own.

    Raises:
        BadCheckpoint: weights of the store are not what they were.
    """
    own = own_table(language.text_encoder)
    if not isinstance(modules.text, ClipText):
        return own
    for stored in list_weights():
        found = _clip_table(stored, modules.text.name)
        if found is not None and _belongs(own, found):
            return found
    return own


def reword(words: str, table: WordTable, context_vectors: int) -> Reworded:
    """A prompt of these words.

    Args:
        words: may be empty: learned vectors only.
        table: what the tower knows.
        context_vectors: n, the learned vectors before the words.

    Raises:
        BadConfig: a word is not known, or there are too many; the message says what can be done.
    """
    tokens = prompt_tokens(words)
    unknown = [token for token in tokens if token not in table.rows]
    if unknown:
        tokenizer = open_clip.SimpleTokenizer()
        pieces = ", ".join(tokenizer.decode([token]).strip() for token in dict.fromkeys(unknown))
        raise BadConfig(
            f"The text tower does not know: {pieces}. It knows: {', '.join(table.words) or 'no word'}."
        )
    length = len(tokens) + context_vectors
    if length > len(table.positions):
        raise BadConfig(
            f"The prompt is too long: {length} places with its start, its end and {context_vectors} learned "
            f"vectors, and the text tower has {len(table.positions)}. Take fewer words."
        )
    rows = torch.stack([table.rows[token] for token in tokens])
    return Reworded(tokens, rows, table.positions[:length].clone())


def with_words(language: LanguageBranch, words: str, table: WordTable) -> LanguageBranch:
    """A language side over other words, for evaluation; all but two tables is shared with the given one.

    Raises:
        BadConfig: see reword.
    """
    prompt = reword(words, table, len(language.prompt.context))
    return language.with_text_encoder(language.text_encoder.with_words(*prompt))


def save_with_words(
    source: Path, target: Path, words: str, table: WordTable, name: str
) -> CheckpointMetadata:
    """Writes a checkpoint whose prompt has other words; all other weights stay what they are.

    Args:
        source: a checkpoint with a language side; not changed.
        target: ends in .safetensors.
        words: see reword.
        table: of the source's tower.
        name: what the new checkpoint calls itself.

    Raises:
        BadConfig: see reword.
        BadCheckpoint: the source is damaged, exported, or a plain detector.
        TcmError: the file cannot be written.
    """
    metadata = read_metadata(source)
    modules = metadata.model.tcm
    if modules is None or is_onnx(source):
        raise BadCheckpoint(no_tower(source, exported=is_onnx(source)))
    try:
        tensors = safetensors.torch.load_file(source)
    except (SafetensorError, OSError) as error:
        raise BadCheckpoint(f"{source}: its weights cannot be read ({error}).") from error
    state = {upgrade_name(tensor): value for tensor, value in tensors.items()}
    prompt = reword(words, table, modules.language.context_vectors)
    kind = state[f"{_TOWER}token_embedding"].dtype
    state[f"{_TOWER}tokens"] = torch.tensor(prompt.tokens, dtype=torch.int64)
    state[f"{_TOWER}token_embedding"] = prompt.rows.to(kind)
    state[f"{_TOWER}positional_embedding"] = prompt.positions.to(kind)
    note = f'{metadata.note} Prompt changed from "{modules.language.words}" to "{words}".'.strip()
    language = modules.language.model_copy(update={"words": words})
    model = metadata.model.model_copy(update={"tcm": modules.model_copy(update={"language": language})})
    changed = metadata.model_copy(update={"name": name, "model": model, "note": note})
    save_checkpoint(target, state, changed, half=False)
    return changed


def no_tower(checkpoint: object, *, exported: bool) -> str:
    """Why the words of a checkpoint cannot be changed, and of which they can."""
    why = (
        "an exported file: its text embedding was computed once and the text tower left out"
        if exported
        else "a plain detector without a language side"
    )
    return (
        f"{checkpoint}: {why}. The words of .safetensors checkpoints of TCM can be changed: "
        "the shipped ones, those of your own trainings, and converted ones of TCM."
    )


def _clip_table(stored: StoredWeights, model: str) -> WordTable | None:
    known = known_weights().get(stored.name)
    if known is not None and known.model != model:
        return None
    path = locate_weights(stored.name, model).path
    try:
        weights = read_clip(path)
    except BadCheckpoint:
        return None
    if weights.model != model or "token_embedding.weight" not in weights.tensors:
        return None
    rows = dict(enumerate(weights.tensors["token_embedding.weight"]))
    return WordTable(rows, weights.tensors["positional_embedding"], True, f"CLIP weights {stored.name}")


def _belongs(own: WordTable, found: WordTable) -> bool:
    """Whether a tower was made of these weights and its tables were left as they are."""
    tokens: Sequence[int] = list(own.rows)
    if any(token not in found.rows for token in tokens) or len(own.positions) > len(found.positions):
        return False
    pairs = (
        (torch.stack([own.rows[token] for token in tokens]), torch.stack([found.rows[t] for t in tokens])),
        (own.positions, found.positions[: len(own.positions)]),
    )
    return all(
        mine.shape == theirs.shape and bool((mine.cpu() - theirs).abs().max() <= _SAME * theirs.abs().max())
        for mine, theirs in pairs
    )
