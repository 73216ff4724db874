"""What an earlier run chose, let stand again in the same city without asking any question anew."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from planner.errors import DataError
from planner.facilities import Facilities
from planner.network import Integers
from planner.scenario import Question
from planner.sited import Put, Siting
from planner.standards import Standard


@dataclass(frozen=True)
class Chosen:
    """What an earlier run chose for one standard of a question."""

    number: int  # of the question
    standard: str
    opened: tuple[str, ...]  # (p,)
    closed: tuple[str, ...] = ()  # standing sites that its years close


@dataclass(frozen=True)
class Recalled:
    """A plan of an earlier run for one standard, and the city as it was when its question was asked."""

    number: int  # of the question
    part: int  # of the question, from 0
    question: Question
    standard: Standard
    candidates: Facilities
    sites: Integers  # (p,)  the positions of those that it opens, in their order there
    today: Facilities  # of the service, as it was asked
    asked: Siting = field(repr=False)

    def at(self, id: str) -> int:  # noqa: A002  (the field's word)
        """The position of a candidate by its id."""
        return int(np.flatnonzero(self.candidates.ids == id)[0])

    @cached_property
    def puts(self) -> list[Put]:
        """The question as the library was asked it, by standard; none where it is about land. Measures reaches anew."""
        return self.asked.puts(self.question)


def recall(siting: Siting, chosen: Sequence[Chosen]) -> Iterator[Recalled]:
    """Question by question what was chosen, which from then on stands in `siting`.

    Refused where its sites are no candidates of this city, or its parts others than those of the questions.
    """
    for number, question in enumerate(siting.scenario.siting, 1):
        asked = Siting(siting.scenario, siting.city, siting.demand, siting.land, siting.standing)
        asked.opened, asked.built = dict(siting.opened), siting.built
        land, rules = siting.land_of(question), [siting.scenario.standard(each) for each in question.standards]
        for part, rule in enumerate(rules):
            of_it = [each for each in chosen if (each.number, each.standard) == (number, rule.id)]
            if len(of_it) != 1 or not np.isin(of_it[0].opened, land.ids).all():
                raise DataError(
                    f"The recorded plan of question {number} for {rule.id} is not of this city and these questions. "
                    "Run the scenario again."
                )
            sites = np.flatnonzero(np.isin(land.ids, of_it[0].opened))
            yield Recalled(number, part, question, rule, land, sites, asked.opened[rule.service], asked)
            siting.stand(number, rule, land, sites, of_it[0].closed)
