"""The cache of maps: a broken, missing or unwritable file is only a miss."""

import os
import zipfile

import numpy as np
import pytest

from app.storage.map_cache import MapCache, map_key
from tcm_core.decode.maps import ImageMaps
from tcm_core.geometry.frame import ImageFrame

FRAME = ImageFrame((720, 1280), (360, 640), (384, 640))


def maps_of(seed=0, size=(96, 160)):
    generator = np.random.default_rng(seed)
    return ImageMaps(
        "db",
        FRAME,
        generator.integers(0, 256, (12, 20), dtype=np.uint8),
        {"probability": generator.integers(0, 256, size, dtype=np.uint8)},
    )


def files(root):
    return sorted(path for path in root.rglob("*") if path.is_file())


def test_maps_are_read_back_as_they_were_put(tmp_path):
    cache, maps = MapCache(tmp_path), maps_of()
    assert cache.put("key", maps)
    again = MapCache(tmp_path).get("key")
    assert (again.head, again.frame) == ("db", FRAME)
    assert np.array_equal(again.language, maps.language)
    assert list(again.planes) == ["probability"]
    assert np.array_equal(again.planes["probability"], maps.planes["probability"])


def test_values_beside_the_planes_are_kept_too(tmp_path):
    maps = maps_of()
    vectors = np.random.default_rng(0).normal(size=(4, 24, 40)).astype(np.float16)
    cache = MapCache(tmp_path)
    cache.put("key", ImageMaps("pan", FRAME, maps.language, maps.planes, {"embedding": vectors}))
    again = cache.get("key")
    assert again.head == "pan"
    assert np.array_equal(again.values["embedding"], vectors)
    assert again.values["embedding"].dtype == np.float16


def test_maps_that_were_never_put_are_missed(tmp_path):
    assert MapCache(tmp_path / "none").get("key") is None


def test_putting_again_replaces(tmp_path):
    cache = MapCache(tmp_path)
    cache.put("key", maps_of(1))
    cache.put("key", maps_of(2))
    assert np.array_equal(cache.get("key").language, maps_of(2).language)
    assert len(files(tmp_path)) == 1


def test_a_plane_that_is_a_view_of_a_larger_array_is_kept_whole(tmp_path):
    maps = maps_of()
    turned = ImageMaps("db", FRAME, maps.language.T, {"probability": maps.planes["probability"][::2, ::-1]})
    cache = MapCache(tmp_path)
    cache.put("key", turned)
    assert np.array_equal(cache.get("key").language, turned.language)
    assert np.array_equal(cache.get("key").planes["probability"], turned.planes["probability"])


def test_a_file_broken_anywhere_is_a_miss_or_whole_but_never_an_error(tmp_path):
    cache, maps = MapCache(tmp_path), maps_of(size=(8, 8))
    cache.put("key", maps)
    (path,) = files(tmp_path)
    content = path.read_bytes()
    damaged = [content[:length] for length in range(0, len(content), 7)]
    for place in range(0, len(content), 3):
        changed = bytearray(content)
        changed[place] ^= 0xFF
        damaged.append(bytes(changed))
    misses = 0
    for wrong in damaged:
        path.write_bytes(wrong)
        again = cache.get("key")
        misses += again is None
        assert path.exists() == (again is not None)
        if again is not None:
            assert np.array_equal(again.planes["probability"], maps.planes["probability"])
    assert misses > 0.8 * len(damaged)


@pytest.mark.parametrize("header", [b"{'shape': 64, 80), }\x18", b"{'shape': (64, 80", b"{'shape': 9**9}"])
def test_an_array_whose_header_cannot_be_read_is_a_miss(tmp_path, header):
    cache = MapCache(tmp_path)
    cache.put("key", maps_of())
    (path,) = files(tmp_path)
    content = b"\x93NUMPY\x01\x00" + (len(header) + 1).to_bytes(2, "little") + header + b"\n" + bytes(64)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("about.npy", content)
    assert cache.get("key") is None
    assert not path.exists()


def test_what_is_in_the_file_must_be_maps(tmp_path):
    cache = MapCache(tmp_path)
    cache.put("key", maps_of())
    (path,) = files(tmp_path)
    with path.open("wb") as file:
        np.savez(file, about=np.zeros(3), language=np.zeros((2, 2)))
    assert cache.get("key") is None
    with path.open("wb") as file:
        np.savez(file, language=np.array([{"an": "object"}], dtype=object), allow_pickle=True)
    assert cache.get("key") is None


def test_the_least_recently_used_go_when_the_limit_is_passed(tmp_path):
    MapCache(tmp_path).put("size", maps_of())
    size = files(tmp_path)[0].stat().st_size
    (tmp_path / "si" / "size.npz").unlink()
    cache = MapCache(tmp_path, limit_bytes=size * 4.5)
    for number, key in enumerate("abcd"):
        cache.put(key, maps_of(number))
        os.utime(tmp_path / key / f"{key}.npz", (number + 1, number + 1))
    assert cache.get("a") is not None  # used now
    cache.put("e", maps_of(5))
    assert [path.stem for path in files(tmp_path)] == ["a", "c", "d", "e"]
    assert sum(path.stat().st_size for path in files(tmp_path)) <= size * 4.5


def test_the_limit_counts_what_an_earlier_run_left(tmp_path):
    first = MapCache(tmp_path)
    for key in "abcdef":
        first.put(key, maps_of())
    size = files(tmp_path)[0].stat().st_size
    MapCache(tmp_path, limit_bytes=size * 3).put("g", maps_of())
    assert len(files(tmp_path)) == 2  # nine tenths of three


def test_maps_larger_than_the_limit_are_not_kept(tmp_path):
    cache = MapCache(tmp_path, limit_bytes=100)
    assert not cache.put("key", maps_of())
    assert files(tmp_path) == []


def test_a_place_that_cannot_be_written_to_costs_only_the_cache(tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = MapCache(tmp_path / "file")
    assert not cache.put("key", maps_of())
    assert cache.get("key") is None


@pytest.mark.parametrize("key", ["", "../key", "a/b", "a.b", "x" * 200])
def test_a_key_cannot_leave_the_cache(tmp_path, key):
    with pytest.raises(ValueError, match="not a key"):
        MapCache(tmp_path).get(key)


def test_keys_differ_by_image_and_by_checkpoint(tmp_path):
    keys = {
        map_key("image", "one"),
        map_key("image", "two"),
        map_key("imageo", "ne"),
        map_key("日本語\udcff", "one"),
    }
    assert len(keys) == 4
    assert map_key("image", "one") == map_key("image", "one")
    assert MapCache(tmp_path).get(map_key("日本語\udcff", "one")) is None
