"""`make bench`: every benchmark, as tables on the screen and in RESULTS.md; or one, and its section alone.

`python -m benchmarks siting --limit-s 5 --only district` tries a part out: what is limited is not kept.
"""

import argparse
import re
from pathlib import Path

from benchmarks import map as review_map
from benchmarks import reach, siting

RESULTS = Path(__file__).with_name("RESULTS.md")
TITLE = "# Results of `make bench`"
SECTIONS = ("Reach", "Siting", "Map")


def renewed(text: str, title: str, table: str) -> str:
    """The results with one section in place of what it was, or new; the others as they are."""
    told = re.split(r"(?m)^## ", text)[1:]
    sections = {name: body.strip() for name, _, body in (part.partition("\n") for part in told)}
    sections[title] = table.strip()
    parts = [f"## {name}\n\n{sections[name]}\n" for name in SECTIONS if name in sections]
    return "\n".join([f"{TITLE}\n", *parts])


def main() -> None:
    """What the command line asks for."""
    names = [title.lower() for title in SECTIONS]
    asked = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    asked.add_argument("section", nargs="*", help=f"of {', '.join(names)}; all of them by default")
    asked.add_argument("--limit-s", type=float, help="siting: seconds for every search, ours and theirs")
    asked.add_argument("--only", default="", help="siting: only what has this in its name and question: “city most”")
    told = asked.parse_args()
    if unknown := sorted(set(told.section) - set(names)):
        asked.error(f"there is no {', '.join(unknown)}; choose among {', '.join(names)}")
    limits = siting.Limits() if told.limit_s is None else siting.trying_out(told.limit_s)
    work = {"Reach": reach.compare, "Siting": lambda: siting.compare(limits, told.only), "Map": review_map.compare}
    for title in SECTIONS:
        if told.section and title.lower() not in told.section:
            continue
        table = work[title]()
        print(f"## {title}\n\n{table}")
        if title == "Siting" and (told.only or told.limit_s is not None):
            continue
        RESULTS.write_text(renewed(RESULTS.read_text("utf-8"), title, table), "utf-8")


if __name__ == "__main__":
    main()
