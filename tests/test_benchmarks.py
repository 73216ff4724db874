"""The benchmarks measure what they say: instances, objectives counted anew, and one section renewed at a time."""

from types import SimpleNamespace

import numpy as np
import pytest

import planner
from benchmarks.__main__ import renewed
from benchmarks.instances import circles, city, pmed
from benchmarks.peers_siting import dense
from benchmarks.questions import COVER, FEWEST, LONGEST, WALKS, Answer, Question, ask, worth
from benchmarks.siting import against

# Three places of 5, 2 and 0 people; A is 100 m from the first and 300 m from the second, B 50 m from the
# second; nobody lives at the third, which reaches no site.
PEOPLE = np.array([5.0, 2.0, 0.0])
ROWS = np.array([0, 1, 3, 3]), np.array([0, 0, 1], np.int32), np.array([100.0, 300.0, 50.0])
STREET = SimpleNamespace(people=PEOPLE, rows=ROWS, limit_m=400.0, shape=(3, 2))


@pytest.mark.parametrize(
    ("name", "sites", "value"),
    [
        (COVER, [0], 7),
        (COVER, [1], 2),
        (COVER, [], 0),
        (FEWEST, [0], 1),
        (FEWEST, [1], np.inf),
        (WALKS, [0], 5 * 100 + 2 * 300),
        (WALKS, [0, 1], 5 * 100 + 2 * 50),
        (WALKS, [1], 5 * 400 + 2 * 50),
        (LONGEST, [0], 300),
        (LONGEST, [0, 1], 100),
    ],
)
def test_what_an_answer_is_worth_is_counted_from_its_sites(name, sites, value) -> None:
    assert worth(Question(name), STREET, np.array(sites, np.int64)) == value


def test_more_sites_than_were_asked_for_are_no_answer() -> None:
    with pytest.raises(AssertionError, match="2 sites"):
        worth(Question(WALKS, 1), STREET, np.array([0, 1]))


def test_a_peer_is_given_the_same_walks_as_a_full_table() -> None:
    assert dense(ROWS, 2, np.inf).tolist() == [[100, np.inf], [300, 50], [np.inf, np.inf]]


def test_a_repeated_edge_of_the_or_library_takes_its_last_length(tmp_path) -> None:
    (tmp_path / "pmed3.txt").write_text(" 3 3 1\n 1 2 4\n 2 3 5\n 1 2 7\n")
    (tmp_path / "optima.txt").write_text("Data file   Optimal solution value\npmed3 12\n")
    given = pmed(3, tmp_path)
    assert given.metres.tolist() == [[0, 7, 12], [7, 0, 5], [12, 5, 0]]
    assert dense(given.instance.rows, 3, np.inf).tolist() == given.metres.tolist()
    assert (given.new_sites, given.optimum) == (1, 12)
    assert worth(Question(WALKS, 1), given.instance, np.array([1])) == given.optimum


def test_an_instance_is_the_same_for_the_same_seed() -> None:
    for one, other in (
        [city("small", nodes=300, places=500, sites=20, limit_m=400, centres=2) for _ in range(2)],
        [circles(300, 20) for _ in range(2)],
    ):
        assert all((a == b).all() for a, b in zip(one.rows, other.rows, strict=True))
        assert (one.people == other.people).all()
        assert (one.people == one.people.round()).all()
        assert one.people.min() >= 1


def test_without_the_places_that_reach_no_site_the_walks_of_the_others_stay() -> None:
    whole = circles(300, 20)
    left = whole.reaching_a_site()
    assert 0 < left.shape[0] < whole.shape[0]
    assert (left.reach.distance == whole.reach.distance).all()
    assert (left.reach.facility == whole.reach.facility).all()
    assert (left.reach.facilities_in_reach > 0).all()


def test_our_answer_is_what_its_sites_are_worth() -> None:
    answer = ask(circles(300, 20), Question(COVER, 3), 10)
    assert (answer.ending, answer.gap) == ("proven", 0)


def test_the_first_plan_and_each_better_one_are_heard_and_a_false_claim_is_refused(monkeypatch) -> None:
    town = circles(300, 20).reaching_a_site()
    everywhere = np.arange(20)
    metres = town.reach.nearest()[0] @ town.people

    def shorten_walks(demand, reach, *, new_sites, effort) -> SimpleNamespace:
        for objective, bound in ((np.inf, 0), (3 * metres, 0), (3 * metres, metres), (2 * metres, metres)):
            effort.tell(objective, bound)
        return SimpleNamespace(ending="stopped", sites=everywhere, objective=claimed * metres, bound=0.5 * metres)

    monkeypatch.setattr(planner, WALKS, shorten_walks, raising=False)
    claimed = 1.0
    answer = ask(town, Question(WALKS, 20), 10)
    assert [objective for _, objective in answer.heard] == [3 * metres, 2 * metres]
    assert answer.first_plan()[1] == pytest.approx(1 / 6)
    assert answer.as_good_at(Question(WALKS, 20), 2.5 * metres) == answer.heard[1][0]
    assert answer.gap == pytest.approx(0.5)
    claimed = 0.9
    with pytest.raises(AssertionError, match="is worth"):
        ask(town, Question(WALKS, 20), 10)


def test_a_peer_is_compared_by_its_objective_before_its_time() -> None:
    question = Question(COVER, 3)
    ours = Answer("proven", 2.0, 100.0, 100.0)
    assert against(question, ours, Answer("proven", 8.0, 100.0, build_s=6.0))[1:] == ("4.0 ×", "1.0 ×")
    words, *ratios = against(question, ours, Answer("stopped", 8.0, 90.0, build_s=6.0))
    assert words.startswith("ours is better by 10.00%; stopped")
    assert ratios == ["> 4.0 ×", "> 1.0 ×"]
    for refuting in (Answer("proven", 8.0, 90.0), Answer("stopped", 8.0, 101.0)):
        assert against(question, ours, refuting)[0].startswith("DIFFER")
    stopped = Answer("stopped", 2.0, 100.0, 110.0, heard=[(0.5, 80.0), (1.0, 95.0), (1.5, 100.0)])
    assert against(question, stopped, Answer("stopped", 8.0, 90.0))[1] == "> 8.0 ×"
    assert against(question, stopped, Answer("stopped", 8.0, 105.0))[1] == "–"
    assert against(question, ours, Answer("gave up", 0.0, why="out of 12 GiB"))[:2] == ("gave up: out of 12 GiB", "–")


def test_one_section_of_the_results_is_renewed_and_the_other_stays() -> None:
    old = "# Results of `make bench`\n\n## Reach\n\nfast\n"
    both = renewed(old, "Siting", "faster")
    assert both == old + "\n## Siting\n\nfaster\n"
    assert renewed(both, "Reach", "fast") == both
