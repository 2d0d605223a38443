"""The network that is exported: RGB in, named maps out, the text embedding inside."""

import copy

import torch
from torch import Tensor, nn

from tcm_core.checkpoint_file import CheckpointMetadata
from tcm_core.data.normalize import Normalize
from tcm_core.families import FAMILIES
from tcm_core.infer.exported_predictor import output_names
from tcm_core.models.detector import TextDetector
from tcm_core.models.language_branch import LanguageBranch
from tcm_core.models.prompts.language import LanguagePromptGenerator


class ExportedDetector(nn.Module):
    """A detector with everything between RGB values and probabilities, in evaluation mode on the CPU.

    Args:
        detector: copied, not changed.
        metadata: normalisation and head.
    """

    def __init__(self, detector: TextDetector, metadata: CheckpointMetadata) -> None:
        super().__init__()
        self._family = FAMILIES[metadata.model.head.name]
        self.names = output_names(metadata)
        self.normalize = Normalize(metadata.model.mean, metadata.model.std)
        self.detector = copy.deepcopy(detector).cpu().float().eval().requires_grad_(False)
        if self.detector.language is not None and not self.detector.language.prompt.reads_image:
            bake_text(self.detector.language)
        self.eval()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """The outputs of `names`, for (B, 3, H, W) RGB in 0..255; H and W are multiples of 32."""
        output = self.detector(self.normalize(images))
        maps = self._family.named(output.maps)
        named = {**maps.planes, **maps.values}
        if output.language is not None:
            named["language"] = torch.sigmoid(output.language.float())
        return tuple(named[name] for name in self.names)


class BakedText(nn.Module):
    """Stands in for a text encoder whose result is known.

    Args:
        embedding: (1, E), what it always answers.
    """

    def __init__(self, embedding: Tensor) -> None:
        super().__init__()
        self.register_buffer("embedding", embedding.detach().clone())

    def forward(self, context: Tensor, cue: Tensor) -> Tensor:
        """The text embedding (1, E)."""
        return self.get_buffer("embedding")


@torch.no_grad()
def bake_text(language: LanguageBranch) -> None:
    """Puts the text embedding in the place of text encoder and prompt; neither may read the image."""
    width = language.text_encoder.embedding
    text = language.text_embedding(torch.zeros(1, width))
    language.train(False)  # drops the embedding that the branch keeps: a plain attribute, lost in a graph
    language.text_encoder = BakedText(text)  # type: ignore[assignment]  # the same call
    language.prompt = LanguagePromptGenerator(
        width, 1, context_vectors=0, context_std=1.0, cue="none", activation="relu"
    )


def example_images() -> Tensor:
    """A batch to trace with; no two of its dimensions are equal, so that none passes for another."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, 96, 160, generator=generator) * 255.0
