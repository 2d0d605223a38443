"""Does correcting the most uncertain pages first help? Fine-tuned on them against pages drawn at random.

python -m benchmarks.queue_order --out FOLDER [--data icdar2015/train] [--known 100] [--pool 200] [--test 100]
                                 [--first 20] [--seeds 0 1 2] [--order mass]

Out of the pages of --data are drawn, by one seed: known pages, which a detector is trained on from ImageNet
weights; a pool that it has never seen; test pages. The studio's queue sorts the pool by the detector's doubt.
Its first pages, with their true labels as a person would have corrected them, are one fine-tuning; as many
pages of the pool at random are the other. Both are `tcm finetune` with its defaults and the known pages
replayed, so both do the same number of steps; the seed decides the random pages, which of the pages the
thresholds are chosen by, and the crops. F is ICDAR 2015's on the test pages, at the settings of each run.

What is done is kept in --out; the same command goes on. The detector is small and learns for minutes, and the
test pages are the same for all: differences below those between seeds mean nothing.
"""

import argparse
import json
import shutil
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from app.domain.level_set import KeptMaps
from app.domain.queue import doubt_of, in_queue
from tcm_core.config.data import DataConfig, SourceConfig
from tcm_core.config.load import read_toml
from tcm_core.config.train import TrainConfig
from tcm_core.data.image_io import read_image
from tcm_core.data.layout import load_samples
from tcm_core.experiments.grid import TestSet
from tcm_core.experiments.results import TestResult
from tcm_core.experiments.scoring import measure
from tcm_core.infer.predictor import Predictor
from tcm_core.resources import resource
from tcm_core.train.finetune import Wish, finetune_config
from tcm_core.train.resolve import complete
from tcm_core.train.run import train_config

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "icdar2015" / "train"
DRAW_SEED: Final = 2023
RECIPE: Final = "small"
STEPS: Final = 500
SHORT_SIDE: Final = 896
"""Of the network's input, for all."""
console = Console()


@dataclass(frozen=True)
class Row:
    """One fine-tuning.

    Attributes:
        order: "queue" or "random".
        seed: of the run, and of the random pages.
        texts: legible ones on the pages, what a person would have had to check.
        precision: on the test pages.
        recall: on the test pages.
        hmean: on the test pages.
    """

    order: str
    seed: int
    texts: int
    precision: float
    recall: float
    hmean: float


def main() -> None:
    """Runs what is not done yet and prints the table."""
    options = _options()
    names = _draw(options)
    folders = {part: _folder(options.data, stems, options.out / part) for part, stems in names.items()}
    start = _detector(folders["known"], options.out / "start")
    test = TestSet(
        title="test", source=SourceConfig(dataset="icdar2015", root=folders["test"]), protocol="icdar2015"
    )
    untouched = _measured(start, test, options.out / "start")
    queue = _queue(start, names["pool"], folders["pool"], options)
    rows = []
    for seed in options.seeds:
        drawn = np.random.default_rng(seed).choice(len(names["pool"]), options.first, replace=False)
        pages = {"queue": queue[: options.first], "random": [names["pool"][at] for at in sorted(drawn)]}
        for order, stems in pages.items():
            out = options.out / f"{order}-{seed}"
            row = _tuned(
                order, seed, _folder(options.data, stems, out / "pages"), folders["known"], start, test, out
            )
            rows.append(row)
            console.print(f"{order}, seed {seed}: F {row.hmean:.4f}")
    _print(untouched.hmean, rows)
    report = {"order": options.order, "untouched": untouched.hmean, "rows": [asdict(row) for row in rows]}
    (options.out / "result.json").write_text(json.dumps(report, indent=1), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--known", type=int, default=100)
    parser.add_argument("--pool", type=int, default=200)
    parser.add_argument("--test", type=int, default=100)
    parser.add_argument("--first", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--order", choices=("mass", "entropy", "edge", "missed"), default="mass")
    return parser.parse_args()


def _draw(options: argparse.Namespace) -> dict[str, list[str]]:
    """The stems of the known, pool and test pages; the same ones every time."""
    samples = load_samples("icdar2015", options.data)
    stems = sorted(Path(samples.name(at)).stem for at in range(len(samples)))
    mixed = [stems[at] for at in np.random.default_rng(DRAW_SEED).permutation(len(stems))]
    ends = np.cumsum([options.known, options.pool, options.test])
    return {
        "known": mixed[: ends[0]],
        "pool": mixed[ends[0] : ends[1]],
        "test": mixed[ends[1] : ends[2]],
    }


def _folder(data: Path, stems: Sequence[str], folder: Path) -> Path:
    """A data set of some pages of another one."""
    for part, pattern in (("images", "{}.jpg"), ("gt", "gt_{}.txt")):
        (folder / part).mkdir(parents=True, exist_ok=True)
        for stem in stems:
            name = pattern.format(stem)
            if not (folder / part / name).exists():
                shutil.copyfile(data / part / name, folder / part / name)
    return folder


def _detector(known: Path, out: Path) -> Path:
    """Trained on the known pages alone."""
    checkpoint = out / "best.safetensors"
    if (out / "done").exists():
        return checkpoint
    values = read_toml(resource("experiments", "recipes", f"{RECIPE}.toml"))
    augment = {**values["augment"], "size": 320}
    optim = {
        **values["optim"],
        "steps": STEPS,
        "warmup_steps": 20,
        "cooldown_steps": 250,
        "average_decay": 0.98,
    }
    data = DataConfig(dataset="icdar2015", root=known.resolve(), validation_share=0.2)
    validation = {**values["validation"], "short_side": SHORT_SIDE, "max_long_side": 4 * SHORT_SIDE}
    run = {
        **values,
        "name": "start",
        "data": data,
        "augment": augment,
        "optim": optim,
        "validation": validation,
    }
    train_config(_parsed(run), out, resume=(out / "state.pt").exists())
    (out / "done").touch()
    return checkpoint


def _parsed(values: dict[str, object]) -> TrainConfig:
    return complete(values, f"recipe {RECIPE}")


def _measured(checkpoint: Path, test: TestSet, out: Path) -> TestResult:
    kept = out / "test.json"
    if not kept.exists():
        result = measure(checkpoint, test, "test", test.source.root or Path())
        kept.write_text(result.model_dump_json(indent=1), encoding="utf-8")
    return TestResult.model_validate_json(kept.read_text(encoding="utf-8"))


def _queue(start: Path, stems: Sequence[str], pool: Path, options: argparse.Namespace) -> list[str]:
    """The pool as the studio's queue sorts it."""
    kept = options.out / "doubts.json"
    if not kept.exists():
        predictor = Predictor.load(start)
        doubts = {}
        for stem in stems:
            maps = predictor.predict(read_image(pool / "images" / f"{stem}.jpg")).maps
            doubts[stem] = doubt_of(KeptMaps(maps, predictor.decode_settings))._asdict()
        kept.write_text(json.dumps(doubts, indent=1), encoding="utf-8")
    doubts = json.loads(kept.read_text(encoding="utf-8"))
    return in_queue(stems, {stem: doubt[options.order] for stem, doubt in doubts.items()})


def _tuned(  # noqa: PLR0913 - one run's makings
    order: str, seed: int, pages: Path, known: Path, start: Path, test: TestSet, out: Path
) -> Row:
    run = out / "run"
    if not (out / "done").exists():
        wish = Wish(
            pages,
            str(start),
            dataset="icdar2015",
            replay=known,
            short_side=SHORT_SIDE,
            seed=seed,
            name=out.name,
        )
        train_config(finetune_config(wish), run, resume=(run / "state.pt").exists())
        (out / "done").touch()
    result = _measured(run / "best.safetensors", test, out)
    samples = load_samples("icdar2015", pages)
    texts = sum(not text.ignore for at in range(len(samples)) for text in samples[at].instances)
    return Row(order, seed, texts, result.precision, result.recall, result.hmean)


def _print(untouched: float, rows: Sequence[Row]) -> None:
    table = Table(title=f"F on the test pages; before fine-tuning {untouched:.4f}")
    for column in ("pages", "seed", "legible texts", "precision", "recall", "F"):
        table.add_column(column, justify="right")
    for row in rows:
        measured = (f"{value:.4f}" for value in (row.precision, row.recall, row.hmean))
        table.add_row(row.order, str(row.seed), str(row.texts), *measured)
    console.print(table)
    for order in ("queue", "random"):
        figures = [row.hmean for row in rows if row.order == order]
        console.print(f"{order}: mean F {statistics.mean(figures):.4f} of {len(figures)} seeds")


if __name__ == "__main__":
    main()
