"""What a run needs and is not there: data sets and weights. Such a row says so and is not run."""

from pathlib import Path

from tcm_core.config.data import PartName
from tcm_core.config.model import ClipEncoder, ClipText
from tcm_core.config.train import TrainConfig
from tcm_core.data.layout import find_dataset
from tcm_core.errors import BadLabels
from tcm_core.experiments.grid import TestSet
from tcm_core.experiments.plan import Plan, PlannedRun, rendered_name
from tcm_core.train.start import CLIP_PREFIX
from tcm_core.weights.known import known_weights
from tcm_core.weights.store import list_weights


def missing_for_run(run: PlannedRun, plan: Plan, root: Path) -> str:
    """What a training needs and is not there, in words; empty when all is."""
    for source in run.config.data.mixed:
        name = rendered_name(source.root)
        synth = plan.tables.rendered[name].synth if name is not None else source.synthetic
        folder = None if synth is None else synth.backgrounds.folder
        if folder is not None and not (root / folder).is_dir():
            return (
                f"{root / folder}: no such folder; it should hold the photographs that scenes are rendered on"
            )
        if synth is None and (
            reason := _missing_dataset(source.dataset, root / str(source.root), source.part, source.format)
        ):
            return reason
    return missing_weights(run.config)


def missing_for_test(test: TestSet, root: Path) -> str:
    """What a test needs and is not there, in words; empty when all is."""
    source = test.source
    return _missing_dataset(source.dataset, root / str(source.root), source.part, source.format)


def missing_weights(config: TrainConfig) -> str:
    """The CLIP weights that a run starts from, when they are neither a file nor in the weights store."""
    if not config.start.startswith(CLIP_PREFIX):
        return ""
    source = config.start.removeprefix(CLIP_PREFIX)
    model = "RN50"
    if isinstance(config.model.encoder, ClipEncoder):
        model = config.model.encoder.name
    elif config.model.tcm is not None and isinstance(config.model.tcm.text, ClipText):
        model = config.model.tcm.text.name
    known = known_weights().get(f"{model}-{source}")
    wanted = source if known is None else known.name
    if Path(source).is_file() or wanted in {weights.name for weights in list_weights()}:
        return ""
    return f"CLIP's weights {wanted} are not in the weights store; `tcm weights pull {wanted}` fetches them"


def _missing_dataset(dataset: str, root: Path, part: PartName, label_format: str) -> str:
    try:
        find_dataset(dataset, root, part, label_format)
    except BadLabels as error:
        return str(error)
    return ""
