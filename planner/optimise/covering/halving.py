"""Which of many ordered questions, no up to some point and yes beyond, to ask next."""

import numpy as np

SHARE, AT_LEAST_S = 0.25, 1.0  # of the time left, for one question: a hard one must not keep us from its neighbours


def next_question(low: int, high: int, hard: set[int], left_s: float) -> tuple[int, float]:
    """(which, seconds for it) of the questions low … high − 1, of which there is one at least.

    The middle one of the widest gap between those that were too hard for the time that they had, and a share of the
    time left for it. When only hard ones are left, the middle one has all the time.
    """
    marks = [low - 1, *sorted(at for at in hard if low <= at < high), high]
    gaps = np.diff(marks)
    widest = int(np.argmax(gaps))
    if gaps[widest] > 1:
        return (marks[widest] + marks[widest + 1]) // 2, max(AT_LEAST_S, SHARE * left_s)
    return marks[len(marks) // 2], left_s
