"""Scenario → what the official measure counts: the residential land of the study area."""

from planner.city import City, check_datum, how_to_read, is_green
from planner.demand import Demand
from planner.land import Land
from planner.scenario import Scenario
from planner.scenario.land import LandLayer
from planner.sources.land import listed_land, mapped_land


def residential_land(scenario: Scenario, city: City, demand: Demand) -> tuple[Land | None, list[str]]:
    """The residential land of the study area, cut at the units of the demand, and what was noticed.

    None where no green is measured, or where no land is known.
    """
    if not any(is_green(rule) for rule in scenario.measured()):
        return None, []
    cut = {"within": city.area, "units": demand.units}
    if isinstance(scenario.land, LandLayer):
        layer = scenario.land
        land = listed_land(
            layer.file.path,
            code=layer.code,
            codes=layer.codes,
            crs_to=city.crs,
            **cut,
            **how_to_read(layer, city),
        )
        check_datum(layer, land.geometry, city)
    else:
        land = mapped_land(city.extract, city.crs, **cut)
    if len(land.ids):
        return land, [f"{land}, of which the official measure covers a share"]
    lacking = f"no residential land in the study area ({land.source}): the official share of it is not told"
    return None, [f"{lacking}; give a layer of land use (`land: …`)"]
