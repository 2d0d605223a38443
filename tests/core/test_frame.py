import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tcm_core.geometry.frame import ImageFrame


def test_a_720p_picture_at_736():
    frame = ImageFrame.fitting((720, 1280), short_side=736, max_long_side=2048)
    assert frame.content_size == (736, 1308)
    assert frame.network_size == (736, 1312)


def test_the_longer_side_is_bounded():
    frame = ImageFrame.fitting((100, 1000), short_side=736, max_long_side=2000)
    assert frame.content_size == (200, 2000)
    assert frame.network_size == (224, 2016)


@given(st.integers(1, 30000), st.integers(1, 30000))
def test_there_and_back_is_where_it_was(height, width):
    frame = ImageFrame.fitting((height, width), short_side=736, max_long_side=2048)
    points = np.array([[0, 0], [width, height], [width / 3, height / 7]], dtype=np.float64)
    assert np.allclose(frame.to_image(frame.to_network(points)), points)
    assert np.allclose(frame.to_network(points)[1], frame.content_size[::-1])
    assert max(frame.content_size) <= 2048
    assert all(side % 32 == 0 for side in frame.network_size)
