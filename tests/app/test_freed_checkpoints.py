"""A checkpoint that is let go is gone at once, without a collection of cycles."""

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest

from app.services.prompts import PromptJob, _Bench
from app.workers.loaded_checkpoints import LoadedCheckpoints
from app.workers.messages import LoadCheckpoint
from app.workers.predictor import load_predictor
from tests.helpers.photos import write_photo
from tests.helpers.tiny_model import tiny_head_checkpoint
from tests.helpers.worded import worded_checkpoint


@pytest.fixture
def no_collections():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("head", ["db", "pan", "fce"])
def test_nothing_of_a_network_stays_when_it_is_freed(tmp_path: Path, no_collections, head):
    shelf = LoadedCheckpoints(load_predictor)
    loaded = shelf.get(LoadCheckpoint(str(tiny_head_checkpoint(tmp_path, head)), "cpu"))
    loaded.predictor.maps(np.full((64, 96, 3), 90, np.uint8), whole=True)
    network = loaded.predictor._detector
    parts = [loaded.predictor, *network.modules(), *network.parameters()]
    left = [weakref.ref(part) for part in parts]
    del loaded, network, parts
    shelf.clear()
    assert len(left) > 20
    assert not [part for reference in left if (part := reference()) is not None]


def test_what_the_playground_keeps_between_words_holds_no_network(tmp_path: Path, no_collections):
    file, photo = str(worded_checkpoint(tmp_path)), write_photo(tmp_path / "a.png")
    shelf, bench = LoadedCheckpoints(load_predictor), _Bench()
    predictor = shelf.get(LoadCheckpoint(file, "cpu")).predictor
    PromptJob(bench, "a.png", photo, file, "cpu", (), None).run(predictor)
    left = [weakref.ref(predictor), weakref.ref(predictor._detector)]
    del predictor
    shelf.clear()
    assert [reference() for reference in left] == [None, None]
    predictor = shelf.get(LoadCheckpoint(file, "cpu")).predictor
    again = PromptJob(bench, "a.png", photo, file, "cpu", (), None).run(predictor)
    assert len(again.maps) == 1
