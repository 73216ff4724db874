"""What a document says was done beside what the software finds: a table, a record and a sheet for the map."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from planner.cells import figure, plain, table_text
from planner.ledgers.sheets import Cell, Column, Sheet
from planner.run import Measured, Run
from planner.scenario.stated import OF_SCHOOLS, StatedFigure
from planner.sited import SitedPlan

NONE = {"zh": "原文未给出", "en": "none given"}
UNASKED = {"zh": "本方案未涉及", "en": "not asked here"}


@dataclass(frozen=True)
class _Beside:
    """A claim, and what is found: today and with the plans, None where the run does not tell."""

    claim: StatedFigure
    today: float | None
    planned: float | None

    @property
    def of_share(self) -> bool:
        """Whether the figures are shares."""
        return self.claim.of in {"share", "areas"}

    @property
    def found(self) -> bool | None:
        """Whether the plans come to what is stated; None where one of the two is not known."""
        if self.claim.figure is None or self.planned is None:
            return None
        return self.planned >= self.claim.figure


def stated_text(run: Run) -> str:
    """One row a claim: what the document says, what is found today and with the plans, whether that comes to it."""
    return table_text({key: plain(str(value)) for key, value in row.items()} for row in stated_records(run))


def stated_records(run: Run) -> list[dict[str, Any]]:
    """The same."""
    stated = run.scenario.stated
    return [
        {
            "says": each.claim.says.get("zh", ""),
            "in English": each.claim.says.get("en", ""),
            "of": each.claim.of,
            "standard": each.claim.standard or " + ".join(each.claim.stages),
            "stated": "" if each.claim.figure is None else figure(each.claim.figure, 6),
            "today": "" if each.today is None else figure(each.today, 6),
            "with the plans": "" if each.planned is None else figure(each.planned, 6),
            "comes to it": {True: "yes", False: "no", None: ""}[each.found],
            "source": stated.source if stated else "",
            "synthetic": run.synthetic,
        }
        for each in _beside(run)
    ]


def stated_sentences(run: Run) -> Iterator[str]:
    """A sentence a claim."""
    for each in _beside(run):
        says = each.claim.says.get("en") or each.claim.says.get("zh", "")
        said = "no figure" if each.claim.figure is None else _shown(each.claim.figure, share=each.of_share)
        if each.planned is None or each.today is None:
            yield f"{says}: {said}; not asked here"
        else:
            today, planned = (_shown(value, share=each.of_share) for value in (each.today, each.planned))
            yield f"{says}: {said}; here {today if today == planned else f'{today} → {planned}'}"


def stated_sheet(run: Run) -> Sheet | None:
    """One row a claim."""
    stated = run.scenario.stated
    if stated is None:
        return None
    made_up = {
        "zh": "城市为虚构，数字不代表原文所述地区。",
        "en": "The city is made up: no figure is of the place itself. ",
    }
    return Sheet(
        id="stated",
        title={"zh": "文件所述与本方案对照", "en": "What the document says, and what is found"},
        note={
            language: (made_up[language] if run.synthetic else "") + f"{source}{stated.source}"
            for language, source in (("zh", "出处："), ("en", "Source: "))
        },
        columns=(
            Column({"zh": "文件所述", "en": "It says"}),
            Column({"zh": "所述数字", "en": "Stated"}),
            Column({"zh": "现状", "en": "Today"}),
            Column({"zh": "规划后", "en": "With the plans"}),
        ),
        rows=tuple(
            (
                _both(each.claim.says),
                NONE if each.claim.figure is None else _shown(each.claim.figure, share=each.of_share),
                "" if each.today is None else _shown(each.today, share=each.of_share),
                UNASKED if each.planned is None else _shown(each.planned, share=each.of_share),
            )
            for each in _beside(run)
        ),
    )


def _beside(run: Run) -> Iterator[_Beside]:
    """Each claim beside what the run holds of it."""
    for claim in run.scenario.stated.figures if run.scenario.stated else ():
        measured = next((each for each in run.measured if each.standard.id == claim.standard), None)
        plans = [sited for sited in run.plans if sited.standard.id == claim.standard]
        of_schools = claim.of in OF_SCHOOLS
        yield _Beside(claim, *(_of_schools(claim, run) if of_schools else _found(claim, run, measured, plans)))


def _found(
    claim: StatedFigure, run: Run, measured: Measured | None, plans: list[SitedPlan]
) -> tuple[float | None, float | None]:
    """Today and with the plans."""
    if claim.of == "people":
        return run.demand.total, run.demand.total
    if claim.of == "share" and measured is not None:
        return measured.before.share, measured.after.share
    if claim.of == "sites" and plans:
        return 0.0, float(sum(sited.parcels for sited in plans))
    if claim.of == "first_year" and plans and all(sited.phased for sited in plans):
        return 0.0, float(sum((sited.phased.year == 0).sum() for sited in plans if sited.phased))
    if claim.of == "areas":
        served = [
            each
            for sited in plans
            if sited.whole is not None
            for each in sited.whole.by_service
            if each.service == sited.standard.service and each.units
        ]
        units = sum(each.units for each in served)
        if units:
            today, missing = (
                sum(values) for values in zip(*((x.present_before, len(x.missing)) for x in served), strict=True)
            )
            return today / units, 1 - missing / units
    return None, None


def _of_schools(claim: StatedFigure, run: Run) -> tuple[float | None, float | None]:
    """Standard seats added in its stages, or how many schools are built or changed; None where it is not asked."""
    plans = [seats.plan for seats in run.schools if {*claim.stages} & {stage.id for stage in seats.plan.schools.stages}]
    if not plans:
        return None, None
    if claim.of == "schools":
        changed = [taken for plan in plans for taken in plan.taken if {*claim.stages} & {*taken.option.classes}]
        return 0.0, float(len({taken.option.school for taken in changed}))
    added = [
        float(seats)
        for plan in plans
        for stage, seats in zip(plan.schools.stages, plan.seats_added(plan.pupils.years[-1]), strict=True)
        if stage.id in claim.stages
    ]
    return 0.0, sum(added)


def _both(says: Mapping[Any, str]) -> Cell:
    any_language = next(iter(says.values()), "")
    return {language: says.get(language, any_language) for language in ("zh", "en")}


def _shown(value: float, *, share: bool) -> str:
    return f"{value:.1%}" if share else f"{value:,.0f}"
