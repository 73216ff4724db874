"""How much counts at a distance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.decay import ExponentialDecay, GaussianDecay, LinearDecay, StepDecay
from planner.errors import QuestionError

FAR = np.inf


def test_exactly_at_the_end_of_a_band_is_in_it_and_beyond_the_last_is_nothing():
    luo_qi = StepDecay((600, 1200, 1800), (1, 0.68, 0.22), unit="s")
    away = np.array([0, 600, 600.1, 1200, 1800, 1800.1, FAR])
    assert luo_qi.at(away).tolist() == [1, 1, 0.68, 0.68, 0.22, 0, 0]
    assert luo_qi.limit == 1800


def test_a_linear_decay_halves_half_way():
    assert LinearDecay(100, 300).at(np.array([0, 100, 200, 300, 400, FAR])).tolist() == [1, 1, 0.5, 0, 0, 0]


def test_smooth_decays_leave_what_their_formulas_say_at_their_scale():
    away = np.array([0, 200, 400, 400.1, FAR])
    assert ExponentialDecay(200, 400).at(away) == pytest.approx([1, 0.367879441, 0.135335283, 0, 0])
    assert GaussianDecay(200, 400).at(away) == pytest.approx([1, 0.606530660, 0.135335283, 0, 0])


@given(
    st.sampled_from(
        [StepDecay((100, 250), (0.9, 0.3)), LinearDecay(0, 300), ExponentialDecay(90, 300), GaussianDecay(90, 300)]
    ),
    st.lists(st.floats(0, 500), min_size=2),
)
def test_no_decay_ever_rises_or_leaves_zero_to_one(decay, away):
    weight = decay.at(np.sort(away))
    assert ((weight >= 0) & (weight <= 1)).all()
    assert (np.diff(weight) <= 0).all()


@pytest.mark.parametrize(
    ("decay", "said"),
    [
        (lambda: StepDecay((), ()), "0 bands have 0 weights"),
        (lambda: StepDecay((100, 200), (1,)), "2 bands have 1 weights"),
        (lambda: StepDecay((200, 100), (1, 0.5)), r"Bands end at \(200, 100\)"),
        (lambda: StepDecay((np.nan,), (1,)), "Bands end at"),
        (lambda: StepDecay((100, 200), (0.5, 1)), "never rise"),
        (lambda: StepDecay((100,), (np.nan,)), "never rise"),
        (lambda: StepDecay((100,), (1,), unit="min"), "in 'min'"),
        (lambda: LinearDecay(300, 300), "fades from 300 to 300"),
        (lambda: LinearDecay(np.nan, 300), "fades from nan"),
        (lambda: ExponentialDecay(0, 300), "scale 0"),
        (lambda: GaussianDecay(100, np.inf), "limit inf"),
        (lambda: GaussianDecay(np.nan, 300), "scale nan"),
    ],
)
def test_a_decay_that_makes_no_sense_is_refused(decay, said):
    with pytest.raises(QuestionError, match=said):
        decay()
