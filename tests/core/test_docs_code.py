"""Names and code in the documents: every dotted name exists, the example of a head builds and learns."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from tcm_core.build import build_detector
from tcm_core.config.data import DataConfig
from tcm_core.config.train import TrainConfig
from tcm_core.data.sample import TextInstance
from tcm_core.families import FAMILIES
from tcm_core.train.batch import TargetRecipe
from tcm_core.train.passes import total_loss
from tests.conftest import REPOSITORY
from tests.helpers.tiny_model import TINY

DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
DOTTED = re.compile(r"`((?:tcm_core|app|benchmarks)(?:\.\w+)+)`")
HEAD_PAGE = DOCS / "tutorials" / "bring-your-own-head.md"
SIDE = 64


def page_name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def exists(name: str) -> bool:
    """Whether a module, or a name within one, can be imported."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_dotted_name_exists(page: Path):
    names = sorted(set(DOTTED.findall(page.read_text(encoding="utf-8"))))
    assert [name for name in names if not exists(name)] == []


def test_a_name_that_does_not_exist_is_found_out():
    assert not exists("tcm_core.losses.db.no_such_loss")
    assert not exists("tcm_core.no_such_module")
    assert exists("tcm_core.losses.db.db_loss")


def test_every_row_of_the_equations_names_its_place():
    rows = [
        line
        for line in (DOCS / "equations.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith(("| what", "|---"))
    ]
    assert len(rows) > 40
    nameless = [row for row in rows if not DOTTED.search(row)]
    assert nameless == []


@pytest.mark.parametrize("package", ["losses", "targets"])
def test_no_loss_and_no_target_is_left_out_of_the_equations(package: str):
    named = DOTTED.findall((DOCS / "equations.md").read_text(encoding="utf-8"))
    for path in sorted((REPOSITORY / "tcm_core" / package).glob("[a-z]*.py")):
        if path.stem != "drawing":  # draws what the others say
            assert any(name.startswith(f"tcm_core.{package}.{path.stem}.") for name in named), path


def test_the_places_of_a_new_head_are_all_those_that_know_the_heads_by_name():
    text = HEAD_PAGE.read_text(encoding="utf-8")
    knowing = [
        path.relative_to(REPOSITORY).as_posix()
        for root in ("tcm_core", "app")
        for path in sorted((REPOSITORY / root).rglob("*.py"))
        if "convert" not in path.parts and re.search(r"[\"']pan[\"']", path.read_text(encoding="utf-8"))
    ]
    assert len(knowing) > 8
    assert [path for path in knowing if f"`{path}`" not in text] == []
    named = re.findall(r"`((?:tcm_core|app|tests)/[\w/]+(?:\.py|/))`", text)
    assert [path for path in named if not (REPOSITORY / path).exists()] == []


def test_the_example_head_builds_and_learns(monkeypatch: pytest.MonkeyPatch):
    example = re.findall(r"```python\n(.*?)```", HEAD_PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    plain = build_detector(TINY)
    monkeypatch.setitem(FAMILIES, "db", FAMILIES["db"])  # put back at the end
    made: dict[str, object] = {"__name__": "example"}
    exec(compile(example, str(HEAD_PAGE), "exec"), made)
    torch.manual_seed(0)
    detector = build_detector(TINY)
    assert type(detector.head) is made["LightHead"]
    assert sum(p.numel() for p in detector.head.parameters()) < sum(
        p.numel() for p in plain.head.parameters()
    )

    config = TrainConfig(data=DataConfig(root=REPOSITORY), model=TINY)
    word = TextInstance(np.array([[10.0, 12.0], [54.0, 12.0], [54.0, 44.0], [10.0, 44.0]]), "word")
    targets = [
        torch.from_numpy(array.reshape(1, -1, *array.shape[-2:]))
        for array in TargetRecipe(config)([word], (SIDE, SIDE))
    ]
    images = torch.zeros(1, 3, SIDE, SIDE)
    images[:, :, 12:44, 10:54] = 2.0
    images = torch.cat([images, images + 0.1 * torch.randn_like(images)])
    targets = [torch.cat([target, target]) for target in targets]
    optimizer = torch.optim.AdamW(detector.parameters(), 3e-3)
    totals = []
    for _ in range(25):
        output = detector(images)
        assert output.maps.probability.shape == (2, 1, SIDE, SIDE)
        total = sum(total_loss(output, targets, config).values())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(total.item())
    assert totals[-1] < 0.6 * totals[0]
    kept = FAMILIES["db"].keep(type(output.maps)(*(part[:1].detach() for part in output.maps)))
    assert kept.planes["probability"].shape == (SIDE, SIDE)
