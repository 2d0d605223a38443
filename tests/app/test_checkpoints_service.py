"""The list of checkpoints: good ones by name, bad ones with a reason, torch left alone."""

import subprocess
import sys

from app.services.checkpoints import available_checkpoints, choice_of
from tcm_core.checkpoint_file import list_checkpoints
from tests.helpers.tiny_model import tiny_checkpoint


def test_a_checkpoint_is_shown_by_the_name_it_gives_itself(tmp_path):
    path = tiny_checkpoint(tmp_path)
    choice = choice_of(path)
    assert choice.path == path
    assert choice.name
    assert choice.head == "db"
    assert choice.problem is None


def test_a_cut_off_checkpoint_says_what_is_wrong_with_it(tmp_path):
    path = tiny_checkpoint(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    choice = choice_of(path)
    assert choice.name == path.stem
    assert choice.problem is not None
    assert str(path) in choice.problem.what
    assert choice.problem.remedy


def test_a_missing_checkpoint_says_so(tmp_path):
    choice = choice_of(tmp_path / "gone.safetensors")
    assert choice.problem is not None
    assert "gone.safetensors" in choice.problem.what


def test_every_shipped_checkpoint_is_in_the_list_and_usable():
    choices = available_checkpoints()
    assert [choice.path for choice in choices] == list_checkpoints()
    assert all(choice.problem is None for choice in choices)


def test_the_services_do_not_bring_torch_with_them():
    code = (
        "import sys; import app.services.checkpoints, app.services.detection, app.services.export, "
        "app.qtmodels.pages, app.workers.image_pool; "
        "sys.exit(sum(name in sys.modules for name in ('torch', 'timm', 'open_clip')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
