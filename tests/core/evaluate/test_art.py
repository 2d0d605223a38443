from tcm_core.evaluate.art import evaluate_art
from tcm_core.evaluate.icdar15 import evaluate_icdar15
from tests.helpers.evaluation import box, counts, ignored, of_one_image, word


def test_of_several_matches_the_best_counts_and_the_others_are_wrong():
    texts, founds = [word(0, 0, 10, 10)], [box(0, 0, 10, 8), box(0, 0, 10, 9), box(0, 0, 10, 7)]
    result = of_one_image(evaluate_art, texts, founds)
    assert counts(result) == (1, 1, 3)
    assert result.images["1"].pairs == ((0, 1),)
    assert of_one_image(evaluate_icdar15, texts, founds).images["1"].pairs == ((0, 0),)


def test_the_limit_is_strict_and_can_be_07():
    texts, founds = [word(0, 0, 10, 10)], [box(0, 0, 10, 7)]
    assert of_one_image(evaluate_art, texts, founds, 0.7).matched == 0
    assert of_one_image(evaluate_art, texts, [box(0, 0, 10, 8)], 0.7).matched == 1
    assert of_one_image(evaluate_art, texts, founds).matched == 1


def test_a_detection_serves_one_text():
    texts = [word(0, 0, 10, 10), word(0, 1, 10, 11)]
    assert counts(of_one_image(evaluate_art, texts, [box(0, 0, 10, 10)])) == (1, 2, 1)


def test_illegible_texts_and_detections_on_them_do_not_count():
    texts = [ignored(0, 0, 10, 10), word(50, 0, 60, 10)]
    assert counts(of_one_image(evaluate_art, texts, [box(0, 0, 10, 9), box(50, 0, 60, 10)])) == (1, 1, 1)
