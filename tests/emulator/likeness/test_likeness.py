from __future__ import annotations

import numpy as np
import pytest

from scenario_search.emulator.likeness.features import DIMENSIONS, STRUCTURE, SUBJECT
from scenario_search.emulator.likeness.likeness import reference, scores


def picture(structure: int, subject: int) -> np.ndarray:
    """Features that are like others only where structure or subject is the same number."""
    features = np.zeros(DIMENSIONS, dtype=np.float16)
    features[STRUCTURE][structure] = 1
    features[SUBJECT][subject] = 1
    return features


CASTLE = picture(0, 0)
SAME_STROKES = picture(0, 1)
SAME_SUBJECT = picture(1, 0)
OTHER = picture(2, 2)
PICTURES = np.stack([CASTLE, SAME_STROKES, SAME_SUBJECT, OTHER])


def test_the_same_picture_scores_one_at_any_ratio() -> None:
    for ratio in (0.0, 0.3, 1.0):
        assert scores(reference([CASTLE]), PICTURES, ratio)[0] == pytest.approx(1)


def test_ratio_zero_looks_at_structure_only() -> None:
    assert scores(reference([CASTLE]), PICTURES, 0).tolist() == [1, 1, 0, 0]


def test_structure_is_the_best_of_a_picture_and_what_it_holds() -> None:
    window = [reference([OTHER]), reference([CASTLE])]
    scored = scores(window, PICTURES, 0)
    assert scored[3] == 1
    assert 0.99 < scored[0] < 1
    assert scores(window, PICTURES, 1).tolist() == [0, 0, 0, 1]


def test_ratio_one_is_the_default_and_looks_at_the_subject_only() -> None:
    assert scores(reference([CASTLE]), PICTURES).tolist() == [1, 0, 1, 0]


def test_the_ratio_moves_scores_in_a_straight_line() -> None:
    assert np.allclose(scores(reference([CASTLE]), PICTURES, 0.25), [1, 0.75, 0.25, 0])


def test_several_likes_are_averaged() -> None:
    found = scores(reference([CASTLE, OTHER]), PICTURES)
    assert found[0] == pytest.approx(found[3])
    assert found[1] < found[0] < 1


def test_unlike_pushes_away_without_losing_what_is_asked_for() -> None:
    found = scores(reference([CASTLE, SAME_STROKES], [SAME_STROKES]), PICTURES)
    assert found[0] > found[3]
    assert found[0] > found[1]
    assert scores(reference([CASTLE], [OTHER]), PICTURES).argmax() == 0


def test_only_unlike_puts_the_least_alike_first() -> None:
    found = scores(reference([], [CASTLE]), PICTURES)
    assert found.argmin() == 0
    assert found[3] > found[2]


def test_unlike_the_same_as_like_is_still_a_reference() -> None:
    assert np.isfinite(scores(reference([CASTLE], [CASTLE]), PICTURES)).all()


def test_no_picture_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        reference([])


def test_no_pictures_give_no_scores() -> None:
    assert scores(reference([CASTLE]), PICTURES[:0]).shape == (0,)
