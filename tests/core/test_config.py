import pytest

from tcm_core.config.decode import DbDecode
from tcm_core.config.load import load_config
from tcm_core.config.train import TrainConfig
from tcm_core.errors import BadConfig
from tcm_core.resources import resource

PRESETS = sorted(resource("presets").glob("*.toml"))


def load(tmp_path, text):
    path = tmp_path / "train.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, TrainConfig)


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_every_preset_loads(path):
    config = load_config(path, TrainConfig)
    assert config.name == path.stem
    assert not set(config.data.exclude) & set(config.data.validation)


def test_what_is_not_given_has_its_default(tmp_path):
    config = load(tmp_path, '[data]\nroot = "here"\n[optim]\nsteps = 5\n')
    assert config.optim.steps == 5
    assert config.optim.batch_size == 8
    assert config.validation.decode == DbDecode()


def test_an_unknown_key_is_named_with_what_it_may_have_been(tmp_path):
    with pytest.raises(BadConfig, match=r"train\.toml: unknown key optim\.step; did you mean steps"):
        load(tmp_path, '[data]\nroot = "here"\n[optim]\nstep = 5\n')


def test_an_unknown_key_without_a_near_match_lists_what_is_known(tmp_path):
    with pytest.raises(BadConfig, match=r"unknown key data\.zzz; known here: dataset, root"):
        load(tmp_path, '[data]\nroot = "here"\nzzz = 5\n')


def test_a_wrong_type_names_file_and_key(tmp_path):
    with pytest.raises(BadConfig, match=r"train\.toml: optim\.steps: Input should be a valid integer"):
        load(tmp_path, '[data]\nroot = "here"\n[optim]\nsteps = "many"\n')


def test_a_value_out_of_range_is_refused(tmp_path):
    with pytest.raises(BadConfig, match=r"augment\.size: .*multiple of 32"):
        load(tmp_path, '[data]\nroot = "here"\n[augment]\nsize = 500\n')


def test_a_missing_key_is_named(tmp_path):
    with pytest.raises(BadConfig, match=r"data: Field required"):
        load(tmp_path, "seed = 1\n")


def test_broken_toml_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(BadConfig, match="not valid TOML"):
        load(tmp_path, "[data\n")
    with pytest.raises(BadConfig, match="cannot be read"):
        load_config(tmp_path / "none.toml", TrainConfig)
