"""The store of pretrained weights, and downloads over a real connection."""

import hashlib
import json
import sys
import threading

import open_clip
import pytest
import torch

from tcm_core.cli.main import main
from tcm_core.convert.clip import load_clip
from tcm_core.errors import BadCheckpoint, TcmError
from tcm_core.models.encoders.clip import ClipImageEncoder
from tcm_core.weights.download import download
from tcm_core.weights.known import known_weights, published_digest
from tcm_core.weights.store import (
    add_weights,
    is_intact,
    list_weights,
    locate_weights,
    pull_weights,
    weights_folder,
)
from tests.helpers.file_server import serving

CONTENT = bytes(range(256)) * 12_000  # 3.07 MB: several pieces
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def server():
    with serving(CONTENT) as server:
        yield server


@pytest.fixture
def published(server, monkeypatch):
    """RN50-openai as open_clip's table has it, but with the address of the local server."""
    entry = {**open_clip.get_pretrained_cfg("RN50", "openai"), "url": f"{server.url}/{DIGEST}/RN50.pt"}
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED["RN50"], "openai", entry)
    known_weights.cache_clear()
    yield server
    known_weights.cache_clear()


# downloads


def test_a_file_comes_whole_and_progress_ends_at_its_size(server, tmp_path):
    steps = []
    download(
        f"{server.url}/file.pt",
        tmp_path / "new" / "file.pt",
        sha256=DIGEST,
        on_progress=lambda *s: steps.append(s),
    )
    assert (tmp_path / "new" / "file.pt").read_bytes() == CONTENT
    assert steps[-1] == (len(CONTENT), len(CONTENT))
    assert [here for here, _ in steps] == sorted({here for here, _ in steps})
    assert len(steps) > 1
    assert server.asked == [None]


def test_a_broken_connection_is_taken_up_where_it_broke(server, tmp_path):
    server.break_after = [1_000_000, 500_000]
    download(f"{server.url}/file.pt", tmp_path / "file.pt", sha256=DIGEST)
    assert (tmp_path / "file.pt").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000000-", "bytes=1500000-"]


def test_after_a_download_that_failed_the_next_one_goes_on(server, tmp_path):
    server.break_after = [1_000_000, 0]
    with pytest.raises(TcmError, match=r"the connection ended after .* What came, 1\.0 MB, is kept"):
        download(f"{server.url}/file.pt", tmp_path / "file.pt", sha256=DIGEST)
    assert not (tmp_path / "file.pt").exists()
    assert (tmp_path / "file.pt.part").stat().st_size == 1_000_000
    download(f"{server.url}/file.pt", tmp_path / "file.pt", sha256=DIGEST)
    assert (tmp_path / "file.pt").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000000-", "bytes=1000000-"]
    assert not (tmp_path / "file.pt.part").exists()


def test_a_server_that_cannot_go_on_sends_the_whole_again(server, tmp_path):
    server.ranges = False
    server.break_after = [1_000_000]
    download(f"{server.url}/file.pt", tmp_path / "file.pt", sha256=DIGEST)
    assert (tmp_path / "file.pt").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("part", "asked"),
    [
        (CONTENT, [f"bytes={len(CONTENT)}-"]),
        (CONTENT + b"more", [f"bytes={len(CONTENT) + 4}-", None]),
        (b"of another file", ["bytes=15-", None]),
    ],
)
def test_a_part_that_is_whole_too_long_or_of_another_file(part, asked, server, tmp_path):
    (tmp_path / "file.pt.part").write_bytes(part)
    download(f"{server.url}/file.pt", tmp_path / "file.pt", sha256=DIGEST)
    assert (tmp_path / "file.pt").read_bytes() == CONTENT
    assert server.asked == asked


def test_another_file_than_promised_is_thrown_away(server, tmp_path):
    with pytest.raises(TcmError, match="promised is 0000"):
        download(f"{server.url}/file.pt", tmp_path / "file.pt", sha256="0" * 64)
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []


def test_the_leading_digits_of_a_checksum_are_enough_and_wrong_ones_are_not(server, tmp_path):
    download(f"{server.url}/file.pt", tmp_path / "file.pt", sha256=DIGEST[:8])
    with pytest.raises(TcmError, match="checksum"):
        download(f"{server.url}/file.pt", tmp_path / "other.pt", sha256="0" * 8)


def test_what_is_there_already_is_not_fetched_again(server, tmp_path):
    (tmp_path / "file.pt").write_bytes(CONTENT)
    download(f"{server.url}/file.pt", tmp_path / "file.pt", sha256=DIGEST)
    assert server.asked == []


def test_several_at_once_fetch_it_once(server, tmp_path):
    askers = [
        threading.Thread(
            target=download, args=(f"{server.url}/f.pt", tmp_path / "f.pt"), kwargs={"sha256": DIGEST}
        )
        for _ in range(3)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert server.asked == [None]
    assert (tmp_path / "f.pt").read_bytes() == CONTENT


def test_an_answer_of_the_server_is_passed_on(server, tmp_path):
    server.status = 404
    with pytest.raises(TcmError, match=r"the server answers 404 .*tcm weights add FILE"):
        download(f"{server.url}/file.pt", tmp_path / "file.pt", sha256=DIGEST)


def test_without_a_server_there_is_a_clear_word(tmp_path):
    with serving(b"") as gone:
        url = gone.url
    with pytest.raises(TcmError, match=r"the server cannot be reached .* Check the network"):
        download(f"{url}/file.pt", tmp_path / "file.pt", sha256=DIGEST)


def test_a_folder_that_cannot_be_made_is_no_traceback(server, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TcmError, match="cannot be written"):
        download(f"{server.url}/file.pt", tmp_path / "file" / "file.pt", sha256=DIGEST)


def test_only_the_web_is_fetched(tmp_path):
    (tmp_path / "secret").write_bytes(CONTENT)
    with pytest.raises(TcmError, match="only http and https"):
        download((tmp_path / "secret").as_uri(), tmp_path / "file.pt", sha256=DIGEST)


# the table


def test_the_table_is_open_clips():
    known = known_weights()
    assert list(known) == [
        "RN50-openai",
        "RN50-yfcc15m",
        "RN50-cc12m",
        "RN101-openai",
        "RN101-yfcc15m",
        "RN50x4-openai",
    ]
    for entry in known.values():
        assert entry.url == open_clip.get_pretrained_url(entry.model, entry.tag)
        assert entry.sha256 in entry.url
        assert len(entry.sha256) == (64 if entry.tag == "openai" else 8)
        assert entry.quick_gelu is True


def test_an_address_without_a_checksum_is_not_trusted():
    with pytest.raises(ValueError, match="no checksum"):
        published_digest("https://example.org/RN50.pt")


# the store


def test_pulled_weights_are_recorded_and_not_pulled_twice(published):
    entry = pull_weights("RN50-openai")
    assert entry.path == weights_folder() / "RN50-openai.pt"
    assert entry.path.read_bytes() == CONTENT
    assert (entry.sha256, entry.size) == (DIGEST, len(CONTENT))
    assert entry.origin == f"{published.url}/{DIGEST}/RN50.pt"
    assert pull_weights("RN50-openai") == entry
    assert list_weights() == [entry]
    assert len(published.asked) == 1


def test_a_damaged_file_is_noticed_and_pulled_again(published):
    entry = pull_weights("RN50-openai")
    entry.path.write_bytes(CONTENT[:-1] + b"!")
    assert not is_intact(entry)
    with pytest.raises(BadCheckpoint, match=r"its checksum differs\. .*tcm weights pull RN50-openai"):
        locate_weights("openai", "RN50")
    assert is_intact(pull_weights("RN50-openai"))


def test_a_tag_is_pulled_when_it_is_not_there_and_known_to_be_quick_gelu(published):
    path, quick_gelu = locate_weights("openai", "RN50")
    assert path.read_bytes() == CONTENT
    assert quick_gelu is True
    assert locate_weights("RN50-openai", "RN101").path == path


def test_what_a_tag_brings_is_looked_at_like_any_file(published):
    with pytest.raises(BadCheckpoint, match="neither a PyTorch file nor a safetensors file"):
        load_clip("openai", image=ClipImageEncoder("RN50"), text=None)


def test_a_failed_pull_says_where_else_the_weights_are(published):
    published.status = 503
    with pytest.raises(TcmError, match=r"answers 503 .*timm/resnet50_clip\.openai.*tcm weights add FILE"):
        pull_weights("RN50-openai")


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(TcmError, match="Known are: RN50-openai, "):
        pull_weights("RN50-laion")
    with pytest.raises(BadCheckpoint, match=r"nor a tag of RN101 \(openai, yfcc15m\)"):
        locate_weights("cc12m", "RN101")


def test_an_added_file_is_a_copy_under_its_own_name_or_a_given_one(tmp_path):
    (tmp_path / "Mine.PT").write_bytes(CONTENT)
    entry = add_weights(tmp_path / "Mine.PT")
    other = add_weights(tmp_path / "Mine.PT", "other")
    (tmp_path / "Mine.PT").unlink()
    assert (entry.name, entry.file) == ("Mine", "Mine.pt")
    assert entry.path.read_bytes() == other.path.read_bytes() == CONTENT
    assert list_weights() == [entry, other]
    assert locate_weights("other", "RN50") == (other.path, None)


def test_a_published_file_gets_its_published_name(published, tmp_path):
    (tmp_path / "download (1).pt").write_bytes(CONTENT)
    assert add_weights(tmp_path / "download (1).pt").name == "RN50-openai"
    assert locate_weights("openai", "RN50").quick_gelu is True
    assert published.asked == []


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("RN50-openai", "the name of published weights, and this file is another one"),
        ("taken", "another file has this name"),
        ("../outside", "a name has letters"),
        ("", "a name has letters"),
    ],
)
def test_a_name_that_would_mislead_or_leave_the_store_is_refused(name, what, tmp_path):
    (tmp_path / "first.pt").write_bytes(b"first")
    (tmp_path / "second file.pt").write_bytes(b"second")
    add_weights(tmp_path / "first.pt", "taken")
    with pytest.raises(TcmError, match=what):
        add_weights(tmp_path / "second file.pt", name or None)
    assert sorted(path.name for path in weights_folder().iterdir()) == ["taken.json", "taken.pt"]


@pytest.mark.parametrize("name", ["nothing.pt", "notes.txt"])
def test_only_files_of_weights_are_added(name, tmp_path):
    (tmp_path / "notes.txt").write_bytes(b"notes")
    with pytest.raises(TcmError, match=r"no such file|files of weights end in"):
        add_weights(tmp_path / name)


def test_a_record_that_is_broken_or_points_elsewhere_is_left_out(tmp_path):
    (tmp_path / "a.pt").write_bytes(CONTENT)
    entry = add_weights(tmp_path / "a.pt")
    record = json.loads((weights_folder() / "a.json").read_text())
    (weights_folder() / "b.json").write_text("{")
    (weights_folder() / "c.json").write_text(json.dumps({**record, "name": "c", "file": "../../c.pt"}))
    (weights_folder() / "d.json").write_text(json.dumps({**record, "name": "d", "file": "gone.pt"}))
    assert list_weights() == [entry]


def test_the_store_is_below_the_home_of_the_studio(private_home, monkeypatch):
    assert weights_folder() == private_home / "weights"
    monkeypatch.delenv("TCM_STUDIO_HOME")
    assert weights_folder() == private_home / "xdg-data" / "tcm-studio" / "weights"


# the command


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the command line in this process and gives (exit status, stdout, stderr)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["tcm", *arguments])
        try:
            status = main()
        except SystemExit as stop:
            status = stop.code or 0
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_the_command_adds_lists_and_verifies(run, tmp_path):
    file = tmp_path / "clip.pt"
    with torch.device("meta"):
        tower = ClipImageEncoder("RN50").tower
    state = {f"visual.{name}": tensor for name, tensor in tower.state_dict().items()}
    torch.save({name: torch.zeros(()).expand(tensor.shape) for name, tensor in state.items()}, file)
    status, out, _ = run("weights", "add", str(file), "--name", "mine")
    assert status == 0
    assert out.startswith("mine: CLIP RN50, ")
    status, out, _ = run("weights", "list", "--verify")
    assert status == 0
    assert "mine" in out
    assert "intact" in out
    assert "RN50x4-openai" in out
    (weights_folder() / "mine.pt").write_bytes(b"changed")
    status, out, _ = run("weights", "list", "--verify")
    assert status == 1
    assert "damaged" in out


def test_the_command_pulls(run, published):
    status, out, _ = run("weights", "pull", "RN50-openai")
    assert status == 0
    assert DIGEST in out
    assert (weights_folder() / "RN50-openai.pt").read_bytes() == CONTENT


def test_the_command_refuses_what_is_no_clip(run, tmp_path):
    (tmp_path / "notes.pt").write_text("notes")
    status, _, err = run("weights", "add", str(tmp_path / "notes.pt"))
    assert status == 2
    assert "neither a PyTorch file" in err
    assert list_weights() == []
