"""Training settings: optimisation and validation of one run, and everything else it needs."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tcm_core.config.data import AugmentConfig, DataConfig
from tcm_core.config.decode import DbDecode, DecodeSettings
from tcm_core.config.learning import (
    DbLossConfig,
    DbTargetConfig,
    FceTargetConfig,
    LanguageConfig,
    LossConfig,
    TargetConfig,
)
from tcm_core.config.model import FceHeadConfig, ModelConfig

Factor = Annotated[float, Field(ge=0)]

ProtocolName = Literal[
    "icdar2013", "icdar2015", "totaltext", "totaltext-old", "totaltext-pascal", "ctw1500", "ctw1500-pan",
    "td500", "td500-pan", "art",
]  # fmt: skip
"""The rows of tcm_core.evaluate.protocols.PROTOCOLS."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OptimConfig(_Frozen):
    """AdamW, its learning rate over the run, and how a step's batch is made up."""

    steps: int = Field(2000, ge=1)
    batch_size: int = Field(8, ge=1)
    """Images of a step, over all processes and passes: every process takes an equal share of them."""
    accumulate: int = Field(1, ge=1)
    """A process goes through its share in so many passes, which need less memory and give the same step."""
    loss_per: Literal["image", "batch"] = "image"
    """What the losses balance positives and hard negatives over. "image": over each image, then the mean over
    all of them, so that a step is the same whatever number of processes and passes it is shared out to.
    "batch": over the images of one pass of one process, as the released code does."""
    learning_rate: float = Field(1e-3, gt=0)
    encoder_factor: float = Field(0.5, ge=0)
    """The image encoder's pretrained part learns at this multiple of the rate."""
    factors: dict[str, Factor] = {}
    """Module names ("*" stands for any run of characters) and the multiple of the rate that what they hold
    learns at; 0 freezes it. Of several names that fit the longest counts, before encoder_factor."""
    weight_decay: float = Field(1e-4, ge=0)
    """Not applied to norms, biases, gates and vectors."""
    schedule: Literal["plateau", "poly", "cosine", "one_cycle"] = "plateau"
    """The rate behind the warm-up: even, then down a line over cooldown_steps; down a polynomial, or a half
    cosine, over the whole run; "one_cycle" rises by a half cosine instead of a line."""
    warmup_steps: int = Field(100, ge=0)
    """The rate rises over these first steps."""
    cooldown_steps: int = Field(800, ge=0)
    """Schedule "plateau": the rate falls to zero over these last steps."""
    power: float = Field(0.9, gt=0)
    """Schedule "poly": the exponent."""
    final_factor: float = Field(0.0, ge=0, le=1)
    """Schedules other than "plateau": the multiple of the rate that the run ends at."""
    clip_norm: float = Field(5.0, gt=0)
    average_decay: float = Field(0.998, ge=0, lt=1)
    """Decay of the moving average of the weights, which is what is validated and saved."""
    freeze: tuple[str, ...] = ()
    """Modules that keep their weights and batch statistics; "*" stands for any run of characters."""
    batch_norm: Literal["train", "frozen", "sync", "group"] = "train"
    """Batch norms learn their statistics from each process's pass ("train"), keep those they have ("frozen";
    scale and shift still learn), share them over the processes ("sync", GPUs only), or are replaced by group
    norms, which need no batch ("group"; the model's norm becomes "group" with it)."""


class ValidationConfig(_Frozen):
    """When and how the validation images are scored."""

    every: int = Field(250, ge=1)
    """Steps between two validations."""
    at_start: bool = False
    """Whether the weights that the run starts from are scored before the first step."""
    protocol: ProtocolName = "icdar2015"
    """How the images are scored; a data set's own protocol is the one to choose checkpoints by."""
    short_side: int = Field(736, ge=32)
    max_long_side: int = Field(2048, ge=32)
    decode: DecodeSettings = DbDecode()
    """Start settings; thresholds and the like are chosen on the validation images."""
    settings_images: int = Field(0, ge=0)
    """Where there are fewer validation images, learnt ones join them when settings are chosen, up to so many.
    The figures are of the validation images alone."""


class TroubleConfig(_Frozen):
    """What becomes of steps that fail."""

    skip_in_a_row: int = Field(5, ge=1)
    """Steps whose loss is not finite are skipped; after so many in a row the run ends with the reason."""
    halve_batch: bool = True
    """Where memory does not suffice, a step goes on in twice as many passes of half as many images (one
    process only; losses per batch change a little with it). Otherwise the run ends and says what to lower."""


class StageConfig(_Frozen):
    """A stretch of a run with data, crops and optimisation of its own; weights go on from the one before."""

    name: str
    data: DataConfig
    """Not given: the run's."""
    augment: AugmentConfig
    """Keys that are not given are the run's."""
    optim: OptimConfig
    """Keys that are not given are the run's; `steps` may stand beside the stage's name instead."""


class TrainConfig(_Frozen):
    """One training run."""

    name: str = "db"
    """Name of the checkpoint."""
    seed: int = 0
    start: str = "random"
    """The first weights: "random"; "clip:NAME" for CLIP's (a tag such as openai, a name in the weights store
    or a file); "timm" for timm's of the backbone, which timm downloads unless it has them; "timm:FILE" for a
    file of such weights; "imagenet-lite0" for tf_efficientnet_lite0's from their package; or a checkpoint,
    whose model is the run's where [model] is left out."""
    start_fit: Literal["whole", "parts"] = "whole"
    """A checkpoint whose model is another one than this run's is refused ("whole"), or gives whatever tensors
    fit by name and shape, such as the encoder's ("parts")."""
    start_share: float = Field(0.0, ge=0, lt=1)
    """What is validated and saved lies between the first weights and the learnt ones: the share of the first
    (WiSE-FT, Wortsman et al., CVPR 2022). Fine-tuning forgets less by it; 0: the learnt weights alone, as
    when the start gives parts only."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["bf16", "fp16", "no"] = "bf16"
    workers: int = Field(1, ge=0)
    """Loader processes beside each process of the run."""
    compile: bool = False
    """Whether the network is compiled by torch.compile before the first step."""
    channels_last: bool = True
    """Whether pixels lie together in memory, which convolutions are faster with on most devices."""
    save_every: int = Field(50, ge=1)
    """Steps between two resumable states."""
    report_every: int = Field(10, ge=1)
    """Steps between two events with the losses."""
    keep_every: int = Field(0, ge=0)
    """Steps between two numbered checkpoints, which are all kept; 0: only the last and the best are."""
    pictures: int = Field(4, ge=0)
    """Validation images whose detections and score maps are drawn at every validation."""
    tensorboard: bool = False
    """Whether the figures are written for TensorBoard too."""
    heartbeat_seconds: float = Field(5.0, gt=0)
    """Seconds between two signs of life in the run's folder."""
    trouble: TroubleConfig = TroubleConfig()
    data: DataConfig
    model: ModelConfig = ModelConfig()
    augment: AugmentConfig = AugmentConfig()
    targets: TargetConfig = DbTargetConfig()
    loss: LossConfig = DbLossConfig()
    language: LanguageConfig = LanguageConfig()
    optim: OptimConfig = OptimConfig()
    validation: ValidationConfig = ValidationConfig()
    stages: tuple[StageConfig, ...] = ()
    """Such as synthetic pages first, then photographs, then the pages that matter; none: the run is one."""

    @property
    def stretches(self) -> tuple[StageConfig, ...]:
        """The stages, or the run itself as its only one."""
        if self.stages:
            return self.stages
        return (StageConfig(name="", data=self.data, augment=self.augment, optim=self.optim),)

    @property
    def steps(self) -> int:
        """Steps of all stages."""
        return sum(stage.optim.steps for stage in self.stretches)

    def with_data(self, change: Callable[[DataConfig], DataConfig]) -> Self:
        """The same with every data section, the stages' too, changed."""
        stages = tuple(stage.model_copy(update={"data": change(stage.data)}) for stage in self.stages)
        return self.model_copy(update={"data": change(self.data), "stages": stages})

    @model_validator(mode="before")
    @classmethod
    def _stages_build_on_the_run(cls, values: Any) -> Any:
        """Gives each stage what it does not say itself; a run without data has its first stage's."""
        if not isinstance(values, dict) or not isinstance(values.get("stages"), list | tuple):
            return values
        filled = dict(values)
        for stage in values["stages"]:
            if "data" not in filled and isinstance(stage, Mapping) and "data" in stage:
                filled["data"] = stage["data"]
        filled["stages"] = [_stage_of(stage, filled) for stage in values["stages"]]
        return filled

    @model_validator(mode="before")
    @classmethod
    def _group_norms_are_the_models(cls, values: Any) -> Any:
        """A run or a stage with batch_norm = "group" gives the model group norms."""
        if not isinstance(values, dict):
            return values
        stages = values.get("stages") or ()
        chosen = {_key(section, "batch_norm") for section in _sections("optim", values, stages)}
        if "group" not in chosen or _key(values.get("model", {}), "norm") == "group":
            return values
        model = values.get("model", {})
        if isinstance(model, ModelConfig):
            return {**values, "model": model.model_copy(update={"norm": "group"})}
        return {**values, "model": {**model, "norm": "group"}} if isinstance(model, dict) else values

    @model_validator(mode="before")
    @classmethod
    def _sections_follow_the_head(cls, values: Any) -> Any:
        """Gives targets, loss and decode settings the model's head where they do not name one."""
        if not isinstance(values, dict):
            return values
        head = _head_of(values.get("model"))
        filled = dict(values)
        for section in ("targets", "loss"):
            filled[section] = _with_head(filled.get(section, {}), head)
        if head == "fce" and isinstance(filled["targets"], dict):
            filled["targets"] = {"degree": _fourier_degree(filled["model"]), **filled["targets"]}
        validation = filled.get("validation", {})
        if isinstance(validation, dict):
            filled["validation"] = {**validation, "decode": _with_head(validation.get("decode", {}), head)}
        return filled

    @model_validator(mode="after")
    def _a_share_of_a_whole_start(self) -> Self:
        if self.start_share and self.start_fit == "parts":
            raise ValueError("start_share: a start that gives parts has no share in the rest; set it to 0")
        return self

    @model_validator(mode="after")
    def _one_head(self) -> Self:
        head = self.model.head.name
        named = {"targets": self.targets, "loss": self.loss, "validation.decode": self.validation.decode}
        for section, settings in named.items():
            if settings.head != head:
                raise ValueError(f"{section} is for the head {settings.head!r}, the model has {head!r}")
        if isinstance(self.model.head, FceHeadConfig) and isinstance(self.targets, FceTargetConfig):
            wanted, given = self.model.head.degree, self.targets.degree
            if wanted != given:
                raise ValueError(f"targets.degree is {given}, the model's head has the degree {wanted}")
        return self


def _head_of(model: Any) -> str:
    head = model.get("head", {}) if isinstance(model, dict) else getattr(model, "head", {})
    name = head.get("name", "db") if isinstance(head, dict) else getattr(head, "name", "db")
    return str(name)


def _fourier_degree(model: Any) -> Any:
    head = model.get("head", {}) if isinstance(model, dict) else model.head
    default = FceHeadConfig().degree
    return head.get("degree", default) if isinstance(head, dict) else head.degree


def _with_head(section: Any, head: str) -> Any:
    return {"head": head, **section} if isinstance(section, dict) else section


def _stage_of(stage: Any, run: Mapping[str, Any]) -> Any:
    """A stage as it was given, with the run's values where it has none."""
    if not isinstance(stage, Mapping):
        return stage
    filled = dict(stage)
    own = filled.get("optim", {})
    if "steps" in filled and isinstance(own, Mapping):
        filled["optim"] = {**own, "steps": filled.pop("steps")}
    filled.setdefault("data", run.get("data"))
    for section in ("augment", "optim"):
        own, shared = filled.get(section, {}), run.get(section, {})
        if isinstance(shared, BaseModel):
            shared = shared.model_dump()
        if isinstance(own, Mapping) and isinstance(shared, Mapping):
            filled[section] = {**shared, **own}
    return filled


def _sections(name: str, run: Mapping[str, Any], stages: Iterable[Any]) -> list[Any]:
    """A section of the run and of its stages."""
    staged = [stage.get(name, {}) if isinstance(stage, Mapping) else getattr(stage, name) for stage in stages]
    return [run.get(name, {}), *staged]


def _key(section: Any, name: str) -> Any:
    return section.get(name) if isinstance(section, Mapping) else getattr(section, name, None)
