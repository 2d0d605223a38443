"""Where the program keeps files of its own."""

from tcm_core.home import HOME_VARIABLE, cache_folder, config_folder, data_folder


def test_everything_lies_in_the_folder_that_the_environment_names(tmp_path, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, "studio")
    monkeypatch.chdir(tmp_path)
    assert config_folder() == data_folder() == tmp_path / "studio"
    assert cache_folder() == tmp_path / "studio" / "cache"


def test_an_empty_name_means_the_places_of_the_system(monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, "")
    folders = (config_folder(), data_folder(), cache_folder())
    assert all("tcm-studio" in folder.parts for folder in folders)
    assert len(set(folders)) > 1
