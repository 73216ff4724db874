"""The siting questions beside spopt: the same people, the same reach, objectives recomputed from the sites.

spopt's models are built anew for each question and so are ours: a ratio is the peer's time for building and
solving ÷ our time from the question to the plan, whole, and for the solving alone beside it. Where our
search was stopped, ours is the time to the first plan at least as good as the peer's; where the peer's was,
or where it gave up at its time, the ratio is at least so much.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.huge import peak_gib
from benchmarks.instances import Instance, circles, district, megacity, pmed, pmeds, town, whole_city
from benchmarks.peers_siting import DENSE_BYTES, SOLVERS, Caps, handed
from benchmarks.questions import COVER, FEWEST, LONGEST, WALKS, Answer, Question, ask

HEAD = "| instance | question | ours | gap | seconds | first plan | against | answers | ratio | solving alone |"


@dataclass(frozen=True)
class Limits:
    """Seconds that a search may take, and the memory of a peer."""

    ours_s: float = 600.0
    peer_s: float = 600.0
    many_s: float = 60.0  # of a peer, for each of the twenty p-median instances
    peer_gib: float = 12.0

    @property
    def peer(self) -> Caps:
        """Of a peer, for one large question."""
        return Caps(self.peer_s, self.peer_gib)

    @property
    def many(self) -> Caps:
        """Of a peer, for one of many."""
        return Caps(min(self.peer_s, self.many_s), self.peer_gib)


def trying_out(limit_s: float) -> Limits:
    """The same small limit for everybody, to see that all runs."""
    return Limits(limit_s, limit_s, limit_s)


LADDER: tuple[tuple[str, Callable[[], Instance], tuple[Question, ...]], ...] = (
    ("district", district, (Question(COVER, 20),)),
    ("city", whole_city, (Question(COVER, 20), Question(COVER, 50), Question(COVER, 100))),
    ("circles 10k", lambda: circles(10_000, 500), (Question(COVER, 40),)),
    ("circles 100k", lambda: circles(100_000, 500), (Question(COVER, 40),)),
    ("district", lambda: district().reaching_a_site(), (Question(FEWEST),)),
    ("city", lambda: whole_city().reaching_a_site(), (Question(FEWEST),)),
    ("town", town, (Question(WALKS, 50), Question(WALKS, 500))),
)
MEGACITY = Question(COVER, 50)


def compare(limits: Limits | None = None, only: str = "") -> str:
    """Run everything, or what has `only` in its name and question, and return it as Markdown."""
    limits = limits or Limits()
    lines = [
        "Ratios of times, theirs ÷ ours; one thread each. Objectives are recomputed from the sites, then compared.",
        (
            f"Searches were stopped after {limits.ours_s:g} s of ours and {limits.peer_s:g} s of a peer's solver "
            f"({limits.many.limit_s:g} s for each of the OR-Library's); a peer may build and solve for twice that, in "
            f"{limits.peer_gib:g} GiB. “First plan”: when it was there, and its share of the bound at the end."
        ),
        "",
        HEAD,
        "|---" * HEAD.count(" | ") + "|---|",
    ]
    for line in race(limits, only):
        print(line, flush=True)
        lines.append(line)
    if only in f"largest {MEGACITY}":
        lines += ["", memory(limits)]
        print(lines[-1], flush=True)
    return "\n".join(lines)


def race(limits: Limits, only: str) -> Iterator[str]:
    """The rows of the table."""
    for name, make, questions in LADDER:
        asked = [question for question in questions if only in f"{name} {question}"]
        instance = make() if asked else None
        for question in asked:
            yield from rows(instance, question, limits)
    for question in (WALKS, LONGEST):
        if pmeds() and only in f"pmed {Question(question)}":
            yield from many_rows(question, limits)


def rows(instance: Instance, question: Question, limits: Limits) -> Iterator[str]:
    """One question about one instance, against every peer."""
    warm_up(question)
    ours = ask(instance, question, limits.ours_s)
    with handed(instance) as given:
        for solver in SOLVERS:
            theirs = given.ask(solver, question, limits.peer)
            yield row(instance, question, ours, f"spopt, {solver}", *against(question, ours, theirs))


def warm_up(question: Question) -> None:
    """Load and compile what the question needs."""
    instance = circles(500, 100).reaching_a_site()  # 60 of its sites serve everybody
    ask(instance, Question(question.name, None if question.new_sites is None else 65), 1.0)


def row(instance: object, question: Question, ours: Answer, *cells: str) -> str:
    """One line of the table."""
    return f"| {' | '.join(map(str, (instance, question, *ours_in_words(ours), *cells)))} |"


def ours_in_words(ours: Answer) -> tuple[str, str, str, str]:
    """Ending and objective, gap, seconds, first plan."""
    first = "–"
    if ours.heard:
        at, share = ours.first_plan()
        first = f"{at:.2f} s, {share:.2%}"
    return f"{ours.ending}, {ours.objective:,.0f}", f"{ours.gap:.2%}", f"{ours.seconds:.2f}", first


def against(question: Question, ours: Answer, theirs: Answer) -> tuple[str, str, str]:
    """Whose answer is better, and how many times as long the peer took: with its building, and without."""
    if theirs.ending == "gave up":
        ratio = f"> {theirs.seconds / ours.seconds:,.1f} ×" if theirs.seconds > 0 else "–"
        return f"gave up: {theirs.why}", ratio, "–"
    built = f"{theirs.ending}, built in {theirs.build_s:.1f} s, solved in {theirs.seconds - theirs.build_s:.1f} s"
    words = compared(question, ours, theirs)
    if question.better(theirs.objective, ours.objective):
        return f"{words}; {built}", "–", "–"
    stopped = theirs.ending == "stopped"
    to_as_good = stopped and ours.ending == "stopped"
    ours_s = ours.as_good_at(question, theirs.objective) if to_as_good else ours.seconds
    least = "> " if stopped else ""
    ratios = (f"{least}{seconds / ours_s:,.1f} ×" for seconds in (theirs.seconds, theirs.seconds - theirs.build_s))
    return (f"{words}; {built}", *ratios)


def compared(question: Question, ours: Answer, theirs: Answer) -> str:
    """Whose objective is better; DIFFER where one of the two proofs is refuted by the other's plan."""
    share = abs(ours.objective - theirs.objective) / max(abs(ours.objective), abs(theirs.objective), 1e-12)
    if question.better(ours.objective, theirs.objective):
        refuted, best = theirs.ending == "proven", "ours is better"
    elif question.better(theirs.objective, ours.objective):
        refuted, best = question.better(theirs.objective, ours.bound), "theirs is better"
    else:
        return "equal"
    return f"DIFFER by {share:.4%}" if refuted else f"{best} by {share:.2%}"


# ── the OR-Library's, in one row a peer ───────────────────────────────────────────────────────────


def many_rows(name: str, limits: Limits) -> Iterator[str]:
    """The twenty p-median instances: how many are proven, and times summed up."""
    numbers = pmeds()
    title = f"pmed{numbers[0]}–{numbers[-1]}"
    warm_up(Question(name, 1))
    ours: list[Answer] = []
    theirs: dict[str, list[Answer]] = {solver: [] for solver in SOLVERS}
    kinds: dict[str, Counter[str]] = {solver: Counter() for solver in SOLVERS}
    published = 0
    for number in numbers:
        given = pmed(number)
        question = Question(name, given.new_sites)
        our = ask(given.instance, question, limits.ours_s)
        ours.append(our)
        published += our.objective == given.optimum
        with handed(given.instance) as at_hand:
            for solver in SOLVERS:
                their = at_hand.ask(solver, question, limits.many)
                theirs[solver].append(their)
                kinds[solver][kind_of(question, our, their)] += 1
                print(row(given.instance, question, our, f"spopt, {solver}", *against(question, our, their)))
    for solver in SOLVERS:
        told = all_in_words(ours, published if name == WALKS else None)
        beaten = any(kind.startswith(("theirs", "DIFFER")) for kind in kinds[solver])
        ratios = ("–", "–") if beaten else summed(theirs[solver], ours)
        proven = sum(answer.ending == "proven" for answer in theirs[solver])
        said = ", ".join([f"{proven} proven", *(f"{count} {kind}" for kind, count in kinds[solver].items())])
        yield f"| {' | '.join((title, str(Question(name)), *told, f'spopt, {solver}', said, *ratios))} |"


def kind_of(question: Question, ours: Answer, theirs: Answer) -> str:
    """How an answer compares, without by how much."""
    if theirs.ending == "gave up":
        return "gave up"
    return compared(question, ours, theirs).split(" by ")[0]


def all_in_words(answers: list[Answer], published: int | None) -> tuple[str, str, str, str]:
    """How many are proven and as published, the widest gap, the sum of seconds, the worst first plan."""
    proven = f"{sum(answer.ending == 'proven' for answer in answers)} of {len(answers)} proven"
    if published is not None:
        proven += f", {published} the published optimum"
    first = "–"
    if all(answer.heard for answer in answers):
        firsts = [answer.first_plan() for answer in answers]
        first = f"{max(at for at, _ in firsts):.2f} s, {min(share for _, share in firsts):.2%} at worst"
    return proven, f"{max(answer.gap for answer in answers):.2%}", f"{sum(a.seconds for a in answers):.2f}", first


def summed(theirs: list[Answer], ours: list[Answer]) -> tuple[str, str]:
    """Their times ÷ ours, summed up: with building, and solving alone."""
    ours_s = sum(answer.seconds for answer in ours)
    least = "" if all(answer.ending == "proven" for answer in theirs) else "> "
    whole, built = sum(answer.seconds for answer in theirs), sum(answer.build_s for answer in theirs)
    return f"{least}{whole / ours_s:,.1f} ×", f"{least}{(whole - built) / ours_s:,.1f} ×"


# ── the largest, in a process of its own ──────────────────────────────────────────────────────────


def memory(limits: Limits) -> str:
    """The megacity's plan, and the peak memory of the process that found it."""
    command = [sys.executable, "-m", "benchmarks.siting", str(limits.ours_s)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603  (this module)
    told = json.loads(answer.stdout.splitlines()[-1])
    return (
        f"{told['instance']}, {told['question']}: {told['ours']}, gap {told['gap']}, {told['seconds']} s, first plan "
        f"{told['first']}; peak {told['peak_gib']:.2f} GiB in one process, of which {told['before_gib']:.2f} GiB "
        f"before the question. The two dense tables that spopt starts from would take {told['dense_gib']:,.0f} GiB."
    )


def largest(limit_s: float) -> str:
    """The megacity asked in this process, as JSON."""
    instance = megacity()
    warm_up(MEGACITY)
    before = peak_gib()
    ours = ask(instance, MEGACITY, limit_s)
    names = dict(zip(("ours", "gap", "seconds", "first"), ours_in_words(ours), strict=True))
    sizes = {
        "before_gib": before,
        "peak_gib": ours.peak_gib,
        "dense_gib": DENSE_BYTES * float(np.prod(instance.shape)) / 2**30,
    }
    return json.dumps({"instance": str(instance), "question": str(MEGACITY), **names, **sizes})


if __name__ == "__main__":
    print(largest(float(sys.argv[1])))
