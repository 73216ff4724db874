"""The keys of who walks: for which standard in minutes, and what of the streets counts."""

from typing import Annotated

from pydantic import Field, StrictBool, field_validator

from planner import standards as published
from planner import walkers
from planner.scenario.faults import complaint
from planner.scenario.inputs import AnyFile, Model, known

StandardId = Annotated[str, known("standard", published.standards)]
WalkerId = Annotated[str, known("walker", walkers.profiles)]


class Elevation(Model):
    """Heights of the ground."""

    file: AnyFile
    """A height model (DEM) of one band in metres, as GeoTIFF or whatever GDAL reads."""
    smooth_m: Annotated[float, Field(strict=True, ge=0)] | None = None
    """Over which length heights are smoothed, metres, because such models are noisy; 0 takes them as they are."""


class Walkers(Model):
    """Who walks where a standard is in minutes. As soon as something is minded, walks are measured in seconds."""

    crossings: StrictBool = False
    """Whether people wait at crossings, by class of road and signal, and a child crosses large ones at signals only."""
    stairs: StrictBool = False
    """Whether stairs are walked at their own speed. What is closed to somebody, stairs to a wheelchair, always is."""
    slope: StrictBool = False
    """Whether slopes change the speed, by Tobler's ratio; needs city.elevation."""
    standards: dict[StandardId, WalkerId] = Field({})
    """Another walker than the published one, by standard: {eldercare-15min: wheelchair}."""

    @field_validator("standards")
    @classmethod
    def _in_minutes(cls, value: dict[str, str]) -> dict[str, str]:
        metres = [each for each in value if published.standard(each).profile is None]
        if metres:
            raise complaint(f"{', '.join(metres)} are measured in metres and have no walker")
        return value

    def of(self, standard: str, usual: str, changes: walkers.Changes) -> walkers.Profile:
        """Who walks for a standard whose usual walker is another, with all that is minded."""
        walker = walkers.changed_profiles(changes)[self.standards.get(standard, usual)]
        if not (self.crossings or self.stairs or self.slope or walker.closed):
            return walker.on_the_flat()
        return walker.minding(slope=self.slope, crossings=self.crossings, changes=changes)
