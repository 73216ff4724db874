"""A planner's question → a Plan, one function a question. Reads a reach; knows nothing of coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import shapely

from planner.asked import Asked, refuse_too_few_places, size_faults
from planner.decay import LinearDecay
from planner.demand import Demand
from planner.errors import QuestionError
from planner.faces import cut_into_faces
from planner.facilities import Facilities
from planner.land import Land, served_ground, service_areas, service_radii
from planner.means import (
    answer_apart,
    answer_by_gains,
    answer_capacities,
    answer_everybody,
    answer_longest,
    answer_most_people,
    answer_twice,
)
from planner.network import Floats, Integers
from planner.optimise.choice import EXACT
from planner.plan import LAND, AssignedPlan, Plan
from planner.reach import Reach
from planner.rules import ANY, USUAL, Effort, Rules, Size
from planner.standards import Band, Standard


def cover_most_people(
    demand: Demand,
    to_candidates: Reach,
    standard: Standard,
    *,
    new_sites: int | None = None,
    standing: Reach | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> Plan:
    """The new sites that bring the standard to the most people who lack it, within a number or a budget.

    Those within the limit of a facility in `standing` are served already and count for no site; leave out of
    `standing` what is too small for the standard. People are the first group of the demand, or the sum of its
    groups by `weights`. At most `new_sites` are opened, those kept by the rules among them: a site that adds
    nobody stays shut unless it is kept.

    The plan is "proven" where no plan can gain more people than it does; where people are whole numbers the
    bound is rounded down. Otherwise it is "stopped" at the time limit, at the gap asked for or by the user's
    interrupt, with the bound it reached. Among equal plans it is one in which no site can give way to an earlier
    candidate for nothing. A proven plan is the same on every run; only of a large question, whose steps the clock cuts
    short, another of the same value may be met. What a stopped plan holds depends on the machine's speed.

    Church & ReVelle (1974), The maximal covering location problem; with costs Khuller, Moss & Naor (1999), The
    budgeted maximum coverage problem.
    """
    asked = Asked("cover_most_people", "people", demand, to_candidates, standing, weights, new_sites, rules, effort)
    asked.check(standard=standard)
    return answer_most_people(asked, standard)


def cover_most_land(
    land: Land,
    candidates: Facilities,
    bands: Sequence[Band],
    *,
    new_sites: int | None = None,
    standing: Mapping[str, Facilities] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> Plan:
    """The new sites that bring the most residential land within a service radius: the official measure, made large.

    The radius counts from the boundary, and is the widest of the bands that a site is large enough for; one that is
    too small for all of them serves nothing. Land within the radius of `standing` sites, by the services that bands
    name, counts for no site. The objective is square metres, each once: the borders of all service areas cut the
    land into faces, a face is a row, and nothing is sampled. `served` and `only` are square metres too, and
    `gained` (n,) marks faces.

    Church & ReVelle (1974) on the faces of the overlay: Murray (2005), Geography in coverage modeling. Raises
    QuestionError where there is no residential land.
    """
    if not land.total_m2 > 0:
        raise QuestionError(f"There is no residential land ({land.source}), so none to serve. Give a layer of it.")
    radius_m = service_radii(bands, candidates.area_m2)
    served = shapely.Polygon() if standing is None else served_ground(standing, bands)
    areas = np.where(radius_m > 0, service_areas(candidates.geometry, radius_m), shapely.Polygon())
    faces = cut_into_faces(shapely.difference(land.geometry, served), areas)
    had_m2 = max(land.total_m2 - float(faces.area_m2.sum()), 0.0)  # of today, as a row that no site reaches
    squares = np.append(had_m2, faces.area_m2)
    places = Demand(
        np.array(["served today", *(f"face {number}" for number in range(1, len(squares)))], np.str_),
        np.vstack([shapely.get_coordinates(shapely.point_on_surface(land.geometry[:1])), faces.xy]),
        squares[:, None],
        land.crs,
        ("m² of residential land",),
    )
    away = shapely.distance(shapely.points(faces.xy[faces.face]), candidates.geometry[faces.site])
    reach = Reach.of_pairs(
        faces.face + 1,
        faces.site,
        np.minimum(away, radius_m[faces.site]),
        limit=float(radius_m.max(initial=0.0)),
        metric="straight",
        demand_ids=places.ids,
        facility_ids=candidates.ids,
    )
    asked = Asked("cover_most_land", LAND, places, reach, None, None, new_sites, rules, effort)
    asked.check()
    lacking = np.arange(len(squares)) > 0
    return answer_by_gains(asked, reach, np.where(lacking, squares, 0.0), had=np.where(lacking, 0.0, squares))


def cover_gradually(  # noqa: PLR0913  (a question has this many parts, each named)
    demand: Demand,
    to_candidates: Reach,
    *,
    full_m: float,
    none_m: float,
    new_sites: int | None = None,
    standing: Reach | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> Plan:
    """The new sites that serve the most people where service fades: full up to `full_m`, none from `none_m` on.

    In between a person counts in proportion. Each counts by the nearest site, and only for what it adds to the
    nearest facility in `standing`. The objective is people, in parts of people.

    Church & Roberts (1983), Generalized coverage models and public facility location; Berman, Krass & Drezner
    (2003), The gradual covering decay location problem on a network.
    """
    asked = Asked("cover_gradually", "people", demand, to_candidates, standing, weights, new_sites, rules, effort)
    asked.check(up_to_m=none_m)
    if not 0 <= full_m < none_m:
        raise QuestionError(f"Service cannot fade from {full_m:g} m to {none_m:g} m. Give 0 ≤ full_m < none_m.")
    share = LinearDecay(full_m, none_m).at
    reach = to_candidates.within(none_m)
    today = np.zeros(len(demand.ids))
    if standing is not None:
        today = share(standing.within(none_m).nearest()[0])
    worth = share(reach.distance) - np.repeat(today, np.diff(reach.indptr))
    return answer_by_gains(asked, reach, asked.people, worth=worth, had=today * asked.people)


def cover_twice(
    demand: Demand,
    to_candidates: Reach,
    standard: Standard,
    *,
    new_sites: int | None = None,
    standing: Reach | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> Plan:
    """The new sites that bring the most people within the limit of two facilities, so that one may fail.

    Facilities in `standing` count as one each. Nobody with a single facility in reach is ever counted.

    Hogan & ReVelle (1986), Concepts and applications of backup coverage.
    """
    asked = Asked("cover_twice", "people", demand, to_candidates, standing, weights, new_sites, rules, effort)
    asked.check(standard=standard)
    return answer_twice(asked, to_candidates.within(standard.walk_limit), standard)


def open_fewest_sites(
    demand: Demand,
    to_candidates: Reach,
    standard: Standard,
    *,
    share: float | None = None,
    standing: Reach | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> Plan:
    """The fewest new sites, or the cheapest where the rules give costs, that bring the standard to everybody.

    With `share` they need to bring it to that share of the people only, those of `standing` included. Without,
    everybody whom some candidate or standing facility can reach is served; places that none reaches are in
    `beyond`. A share that cannot be reached is refused, naming the places that no candidate reaches.

    Toregas, Swain, ReVelle & Bergman (1971), The location of emergency service facilities; of a share, Daskin &
    Owen (1999), Two new location covering problems: the partial p-center and the partial set covering problem.
    """
    unit = "sites" if rules.cost is None else "cost"
    asked = Asked("open_fewest_sites", unit, demand, to_candidates, standing, weights, None, rules, effort)
    asked.check(standard=standard)
    reach = to_candidates.within(standard.walk_limit)
    lacking = asked.lacking(standard.walk_limit)
    if share is None:
        return answer_everybody(asked, reach, lacking, standard)
    people = np.where(lacking, asked.people, 0.0)
    lost = lacking & (reach.only(~asked.choice.shut).facilities_in_reach == 0)
    best = 1 - float(people[lost].sum() / asked.people.sum())
    if not 0 <= share <= best + EXACT:
        raise QuestionError(
            f"A share of {share:.2%} is asked for and at most {best:.2%} can be served: "
            f"{asked.unreached(standard.walk_limit, lost & (people > 0))}. "
            "Ask for less, raise the limit, or bring candidates near these places."
        )
    had = asked.people - people
    return answer_by_gains(asked, reach, people, standard=standard, had=had, share=share, lacking=lacking)


def shorten_walks(
    demand: Demand,
    to_candidates: Reach,
    *,
    new_sites: int | None = None,
    standing: Reach | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> Plan:
    """The new sites to which all people together walk least, each to the nearest site or facility in `standing`.

    The objective is person-metres. A walk beyond the limit of the reach counts as that limit: measure far enough
    that nobody who matters lies beyond; `gained` tells who walks less than today.

    Hakimi (1964); ReVelle & Swain (1970), Central facilities location; solved in the radius formulation of García,
    Labbé & Marín (2011).
    """
    asked = Asked("shorten_walks", "person-metres", demand, to_candidates, standing, weights, new_sites, rules, effort)
    asked.check()
    today = np.full(len(demand.ids), to_candidates.limit)
    if standing is not None:
        today = np.minimum(today, standing.nearest()[0])
    worth = np.repeat(today, np.diff(to_candidates.indptr)) - to_candidates.distance
    nobody = np.zeros(len(demand.ids))
    return answer_by_gains(
        asked, to_candidates, asked.people, worth=worth, had=nobody, walked=float(asked.people @ today)
    )


def shorten_longest_walk(
    demand: Demand,
    to_candidates: Reach,
    *,
    new_sites: int | None = None,
    standing: Reach | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> Plan:
    """The new sites that make the longest walk of anybody as short as can be: the fairest plan.

    The objective is metres. Places without people do not matter. Where too few sites are allowed to bring
    everybody within the limit of the reach, the question is refused: measure further, or open more.

    Hakimi (1964); Minieka (1970), The m-center problem: a search over distances, each a covering question.
    """
    asked = Asked("shorten_longest_walk", "metres", demand, to_candidates, standing, weights, new_sites, rules, effort)
    asked.check()
    return answer_longest(asked, to_candidates)


def assign_people(  # noqa: PLR0913  (a question has this many parts, each named)
    demand: Demand,
    to_candidates: Reach,
    sizes: Sequence[Size],
    *,
    new_sites: int | None = None,
    standing: Reach | None = None,
    standing_capacity: Floats | None = None,
    least_load: Floats | None = None,
    whole_places: bool = False,
    cost_per_metre: float = 1.0,
    cost_unserved: float | None = None,
    weights: Mapping[str, float] | None = None,
    rules: Rules = ANY,
    effort: Effort = USUAL,
) -> AssignedPlan:
    """The cheapest sites and sizes in which everybody has a place, and who goes where, within the reach.

    The objective is what the sizes cost plus `cost_per_metre` for each metre that a person walks; with sizes that
    cost nothing it is the capacitated p-median. An open candidate has one of its `sizes` and, if told, a
    `least_load` (m,) of people. Standing facilities hold `standing_capacity` and stay open. A place may be shared
    between sites unless `whole_places`. With `cost_unserved` a person may go without at that cost; otherwise a
    demand beyond all capacities is refused, saying by how much. A budget in the rules limits the costs of sizes.

    Fischetti, Ljubić & Sinnl (2016), Benders decomposition without separability: capacitated facility location;
    of whole places, Díaz & Fernández (2002), A branch-and-price algorithm for the single source problem.
    """
    money = replace(rules, budget=None, cost=None)  # the sizes carry the costs
    limit = len(to_candidates.facility_ids) if new_sites is None else new_sites
    asked = Asked("assign_people", "cost", demand, to_candidates, standing, weights, limit, money, effort)
    held = np.zeros(0) if standing_capacity is None else np.asarray(standing_capacity, np.float64)
    asked.check(more=size_faults(asked, sizes, held, least_load, rules.budget))
    if cost_unserved is None:
        refuse_too_few_places(asked, sizes, held)
    return answer_capacities(
        asked,
        sizes,
        held,
        None if least_load is None else np.asarray(least_load, np.float64),
        whole=whole_places,
        per_metre=cost_per_metre,
        unserved=cost_unserved,
        budget=rules.budget,
    )


def spread_sites(candidates: Facilities, *, new_sites: int, rules: Rules = ANY, effort: Effort = USUAL) -> Plan:
    """The new sites whose two nearest are as far apart as can be, in a straight line: nobody's neighbour twice.

    The objective is metres. `only` tells how near each chosen site's nearest neighbour is.

    Shier (1977), A min-max theorem for p-center problems on a tree; Erkut (1990), The discrete p-dispersion problem.
    """
    xy = shapely.get_coordinates(shapely.point_on_surface(candidates.geometry))
    a, b = np.triu_indices(len(candidates), 1)
    distance = np.hypot(*(xy[a] - xy[b]).T)
    limit = float(distance.max(initial=0.0))
    places = Demand(candidates.ids, xy, np.ones((len(xy), 1)), candidates.crs)
    reach = Reach.of_pairs(
        a, b, distance, limit=limit, metric="straight", demand_ids=candidates.ids, facility_ids=candidates.ids
    )
    asked = Asked("spread_sites", "metres", places, reach, None, None, new_sites, rules, effort)
    asked.check()
    return answer_apart(asked, a, b, distance)


def too_near(candidates: Facilities, apart_m: float) -> Integers:
    """(k, 2) pairs of candidates nearer to each other than `apart_m` in a straight line: the rule `apart`."""
    tree = shapely.STRtree(candidates.geometry)
    a, b = tree.query(candidates.geometry, predicate="dwithin", distance=apart_m)
    once = (a < b) & (shapely.distance(candidates.geometry[a], candidates.geometry[b]) < apart_m)
    return np.unique(np.column_stack([a[once], b[once]]).astype(np.int64), axis=0)
