"""Pixel aggregation against the plain breadth-first definition."""

from collections import deque
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tcm_core.config.decode import PanDecode
from tcm_core.decode.pan import aggregate

EXAMPLES = 300


def neighbours(place, shape):
    y, x = place
    for at in ((y - 1, x), (y, x - 1), (y, x + 1), (y + 1, x)):
        if 0 <= at[0] < shape[0] and 0 <= at[1] < shape[1]:
            yield at


def components(mask):
    """Numbers from 1 of the 4-connected parts, by their first pixel row by row."""
    labels = np.zeros(mask.shape, int)
    count = 0
    for start in product(*map(range, mask.shape)):
        if not mask[start] or labels[start]:
            continue
        count += 1
        labels[start] = count
        waiting = [start]
        while waiting:
            for at in neighbours(waiting.pop(), mask.shape):
                if mask[at] and not labels[at]:
                    labels[at] = count
                    waiting.append(at)
    return labels, count


def plain_aggregation(text, kernel, embedding, decode):
    """The definition, pixel by pixel: one queue, filled with the kernels in the order of their numbers."""
    is_text = text > decode.threshold * 255
    kernels, count = components(is_text & (kernel > decode.kernel_threshold * 255))
    regions, _ = components(is_text)
    sizes = {n: (kernels == n).sum() for n in range(1, count + 1)}
    sizes = {n: size for n, size in sizes.items() if size >= decode.min_kernel_area}
    region = {n: regions[kernels == n][0] for n in sizes}
    checked = {
        n: decode.aggregation == "distance"
        or any(
            region[n] == region[m] and max(sizes[n], sizes[m]) > decode.area_ratio * min(sizes[n], sizes[m])
            for m in sizes
        )
        for n in sizes
    }
    vectors = np.moveaxis(embedding.astype(float), 0, -1)
    means = {n: vectors[kernels == n].mean(axis=0) for n in sizes}
    labels = np.where(np.isin(kernels, list(sizes)), kernels, 0)
    queue = deque(tuple(place) for n in sizes for place in np.argwhere(kernels == n).tolist())
    while queue:
        place = queue.popleft()
        n = labels[place]
        for at in neighbours(place, text.shape):
            if not is_text[at] or labels[at]:
                continue
            if checked[n] and np.linalg.norm(vectors[at] - means[n]) > decode.max_distance:
                continue
            labels[at] = n
            queue.append(at)
    return labels


@st.composite
def cases(draw):
    shape = draw(st.tuples(st.integers(1, 12), st.integers(1, 14)))
    dense = st.sampled_from([0, 255, 255, 255])
    sparse = st.sampled_from([0, 0, 0, 255])
    text = draw(arrays(np.uint8, shape, elements=dense, fill=st.just(255)))
    kernel = draw(arrays(np.uint8, shape, elements=sparse, fill=st.just(0)))
    if draw(st.booleans()):  # kernels with a body
        kernel = np.maximum(kernel, np.roll(kernel, 1, axis=1))
    embedding = draw(arrays(np.float16, (2, *shape), elements=st.integers(-3, 3), fill=st.just(0)))
    decode = PanDecode(
        aggregation=draw(st.sampled_from(["distance", "area_ratio"])),
        max_distance=draw(st.sampled_from([0.0, np.pi / 3, np.pi - 0.5, 9.0])),
        area_ratio=draw(st.sampled_from([1.0, 2.0, 1024.0])),
        min_kernel_area=draw(st.sampled_from([1, 2])),
    )
    return text, kernel, embedding, decode


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(cases())
def test_labels_are_those_of_the_plain_breadth_first_definition(case):
    assert aggregate(*case).tolist() == plain_aggregation(*case).tolist()


@pytest.mark.parametrize("seed", range(20))
def test_labels_of_blobs_that_touch_are_those_of_the_definition(seed):
    random = np.random.default_rng(seed)
    field = np.kron(random.uniform(0, 1, (9, 12)), np.ones((5, 5)))
    text = (field + random.uniform(0, 0.2, field.shape) > 0.35) * np.uint8(255)
    kernel = (field + random.uniform(0, 0.2, field.shape) > 0.95) * np.uint8(255)
    embedding = np.round(np.kron(random.uniform(-3, 3, (4, 3, 4)), np.ones((15, 15)))).astype(np.float16)
    for rule in ("distance", "area_ratio"):
        case = (text, kernel, embedding, PanDecode(aggregation=rule, area_ratio=3, max_distance=np.pi - 0.5))
        assert aggregate(*case).tolist() == plain_aggregation(*case).tolist()


def row(values):
    return np.array([values], np.uint8) * np.uint8(255)


def no_vectors(text):
    return np.zeros((4, *text.shape), np.float16)


def test_a_pixel_between_two_kernels_belongs_to_the_nearer_one():
    text, kernel = row([1, 1, 1, 1, 1, 1]), row([1, 0, 0, 0, 0, 1])
    assert aggregate(text, kernel, no_vectors(text), PanDecode()).tolist() == [[1, 1, 1, 2, 2, 2]]


def test_a_pixel_in_the_middle_belongs_to_the_kernel_that_begins_first_row_by_row():
    text, kernel = row([1, 1, 1, 1, 1]), row([1, 0, 0, 0, 1])
    assert aggregate(text, kernel, no_vectors(text), PanDecode()).tolist() == [[1, 1, 1, 2, 2]]
    upright = aggregate(text.T, kernel.T, no_vectors(text.T), PanDecode())
    assert upright.ravel().tolist() == [1, 1, 1, 2, 2]


def test_text_spreads_to_its_four_neighbours_only():
    text, kernel = np.eye(3, dtype=np.uint8) * 255, np.zeros((3, 3), np.uint8)
    kernel[0, 0] = 255
    assert aggregate(text, kernel, no_vectors(text), PanDecode()).tolist() == [
        [1, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
    ]


def test_what_one_kernel_may_not_have_goes_to_another_that_comes_later():
    text, kernel = row([1, 1, 1, 1, 1, 1]), row([1, 0, 0, 0, 0, 1])
    vectors = np.array([[[0, 0, 9, 9, 9, 9]]], np.float16)
    assert aggregate(text, kernel, vectors, PanDecode(max_distance=3)).tolist() == [[1, 1, 2, 2, 2, 2]]


def test_what_no_kernel_may_have_stays_free_and_is_not_passed():
    text, kernel = row([1, 1, 1, 1]), row([1, 0, 0, 0])
    vectors = np.array([[[0, 0, 9, 0]]], np.float16)
    assert aggregate(text, kernel, vectors, PanDecode(max_distance=3)).tolist() == [[1, 1, 0, 0]]


def test_the_distance_is_from_the_mean_of_the_kernel_and_may_be_just_the_limit():
    text, kernel = row([1, 1, 1, 1]), row([1, 1, 0, 0])
    vectors = np.array([[[0, 2, 4, 5]]], np.float16)  # mean 1
    assert aggregate(text, kernel, vectors, PanDecode(max_distance=3)).tolist() == [[1, 1, 1, 0]]


@pytest.mark.parametrize(("length", "far"), [(1024, 2), (1025, 0)])
def test_by_the_area_rule_the_distance_counts_from_a_ratio_above_1024(length, far):
    """A kernel of so many pixels, and one of a single pixel; the text pixel at the end is far from both."""
    text = row([1] * (length + 3))
    kernel = row([1] * length + [0, 1, 0])
    vectors = np.zeros((1, *text.shape), np.float16)
    vectors[..., -1] = 9
    labels = aggregate(text, kernel, vectors, PanDecode(aggregation="area_ratio"))
    assert labels[0, -4:].tolist() == [1, 1, 2, far]
    assert aggregate(text, kernel, vectors, PanDecode(aggregation="distance"))[0, -1] == 0


def test_by_the_area_rule_kernels_of_other_components_do_not_count():
    text, kernel = row([1] * 1025 + [0, 1, 1]), row([1] * 1025 + [0, 1, 0])
    vectors = np.zeros((1, *text.shape), np.float16)
    vectors[..., -1] = 9
    assert aggregate(text, kernel, vectors, PanDecode(aggregation="area_ratio"))[0, -1] == 2


def test_kernels_outside_the_text_and_text_without_a_kernel_give_nothing():
    text, kernel = row([1, 1, 0, 1, 1]), row([0, 0, 1, 1, 0])
    assert aggregate(text, kernel, no_vectors(text), PanDecode()).tolist() == [[0, 0, 0, 1, 1]]


def test_a_kernel_that_is_too_small_is_text_for_the_others():
    text, kernel = row([1, 1, 1, 1, 1, 1]), row([1, 1, 0, 0, 1, 0])
    labels = aggregate(text, kernel, no_vectors(text), PanDecode(min_kernel_area=2))
    assert labels.tolist() == [[1, 1, 1, 1, 1, 1]]


def test_kernels_of_a_large_map_are_numbered_row_by_row_too():
    """OpenCV numbers large maps in several threads."""
    random = np.random.default_rng(0)
    kernel = (random.uniform(0, 1, (700, 900)) > 0.7) * np.uint8(255)
    text = np.full(kernel.shape, 255, np.uint8)
    labels = aggregate(kernel, kernel, np.zeros((1, *text.shape), np.float16), PanDecode())
    numbers, first = np.unique(labels, return_index=True)
    assert numbers.tolist() == list(range(len(numbers)))
    assert (np.diff(first[1:]) > 0).all()


def test_vectors_that_are_no_numbers_reject_pixels_and_do_not_crash():
    text, kernel = row([1, 1, 1]), row([1, 0, 0])
    vectors = np.array([[[0, np.nan, 0]]], np.float16)
    assert aggregate(text, kernel, vectors, PanDecode()).tolist() == [[1, 0, 0]]
