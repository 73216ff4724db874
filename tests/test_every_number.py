"""Every number that is printed, on the map, in the workbook, in the report and on the sheets, stands in the record.

Nothing is chosen: every cell and every line is read back, and a number without a source fails. A source is an entry of
run.json, or a row of a table that run.json names. A row of a sheet has its numbers from entries of its own: all of one
column from the same field, and where it tells what was and what will be, from a field that says which.
"""

import csv
import json
import math
import re
from collections import defaultdict

import docx
import numpy as np
import openpyxl
import pytest
from docx.text.paragraph import Paragraph

from planner import maps, papers, report
from planner.ledgers import SHEETS
from planner.papers.contents import sheets_of
from planner.papers.report_docx import MOST_ROWS
from planner.papers.report_docx import told as word
from planner.plan import LAND
from tests.browser import chromium, opened
from tests.everything import answered
from tests.test_papers import said_on_sheets

FIGURES = 5e-7  # the record has six decimals
NUMBER = re.compile(r"(?<![\w.])[-+−]?\d[\d,]*(?:\.\d+)?(?:\s?%)?(?!\d)")
OF_WHAT = re.compile("people_|land_|_m2$")  # gains in people and gains in land stand in fields of their own
EARLIER, LATER = ("before", "today"), ("after", "plan")
LIST = ["Item", "What"]  # a sheet of which every row tells something else
SOURCES = {  # of a sheet, beside the table of its name: the parts of the record, if not the one of its name
    "data": "all",
    "indicators": "walk straight three_numbers.csv",
    "plans": "plans together phases",
    "sites": "plans examined phases",
    "futures": "schools",
    "feeders": "schools",
    "levels": "levels presence.csv",
    "task_list": "tasks.csv",
    "seats": "schools",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("town")


@pytest.fixture(scope="module")
def run(folder):
    return answered(folder)


@pytest.fixture(scope="module")
def out(run, folder):
    path = folder / "out"
    path.mkdir()
    report.write(run, path)
    papers.write(run, path)
    maps.draw(run, path / "town.html")
    return path


@pytest.fixture(scope="module")
def entries(out):
    return entries_of(out)


def entries_of(out):
    """Everything with a number, by where it stands: each part of the record, and each table that it names."""
    record = json.loads((out / "run.json").read_text("utf-8"))
    found = {part: list(flat(value)) for part, value in record.items() if isinstance(value, dict | list)}
    for way in ("walk", "straight"):
        found[way] = [each for each in found["coverage"] if way in (each.get("metric"), each.get("its metric"))]
    for name in record["tables"]:
        with (out / name).open(encoding="utf-8-sig", newline="") as table:
            found[name] = [{key: read(cell) for key, cell in row.items()} for row in csv.DictReader(table)]
    return found | {"all": [within(record)]}


def flat(value, above=None):
    """Each entry with all that stands in it, by field, and with what stands beside the entries that hold it."""
    above = above or {}
    if isinstance(value, list):
        for place, each in enumerate(value, 1):
            yield from flat(each, {**above, "place": place})
    elif isinstance(value, dict):
        yield {**above, **within(value)}
        own = {f"its {key}": each for key, each in value.items() if not isinstance(each, dict | list)}
        for key, each in value.items():
            yield from flat(each, {**above, **own, "key": key})


def within(value, path=""):
    """All that stands in an entry, however deep, by field; of a list also how many there are."""
    found = {}
    for key, each in value.items():
        if isinstance(each, dict):
            found |= within(each, f"{path}{key}.")
        elif isinstance(each, list):
            found[f"{path}{key}, how many"] = len(each)
            found |= {f"{path}{key}.{place}": one for place, one in enumerate(each) if not isinstance(one, dict | list)}
        else:
            found[f"{path}{key}"] = each
    return found


def read(cell):
    """A number, or the words of a cell."""
    try:
        return float(cell)
    except ValueError:
        return cell


def number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def tells(value, cell):
    """Whether a value of an entry is what stands in a cell; of words one line is enough."""
    if isinstance(cell, str):
        return isinstance(value, str) and value != "" and value in cell.removeprefix("'").split("\n")
    return number(value) and abs(value - cell) <= FIGURES


def best(source, row):
    """Of the entries of a source that tell most cells of a row: the fields that tell each cell."""
    found, most = [], min(2, sum(map(number, row.values()))) - 1
    for entry in source:
        pairs = {(c, field) for c, cell in row.items() for field, value in entry.items() if tells(value, cell)}
        told = len({c for c, _ in pairs})
        if told > most:
            found, most = [], told
        if told == most:
            found.append(pairs)
    return found


def unexplained(heads, rows, sources):
    """The numbers of a table that no entry tells, and the columns that no one field tells."""
    fields, faults = defaultdict(list), []
    for cells in rows:
        row = {c: cell for c, cell in enumerate(cells) if cell is not None}
        told = [pair for source in sources for pairs in best(source, row) for pair in pairs]
        for c, cell in row.items():
            if number(cell):
                fields[c].append({OF_WHAT.sub("", field) for column, field in told if column == c})
                if not fields[c][-1]:
                    faults.append(f"{heads[c]} of {cells[:4]}: {cell}")
    for c, each in fields.items() if heads != LIST else ():
        common = set.intersection(*each)
        if not common:
            faults.append(f"{heads[c]}: of no one field, but {each}")
        when = EARLIER if "· today" in heads[c] else LATER if "· with" in heads[c] else ("",)
        if common and not any(word in field for field in common for word in when):
            faults.append(f"{heads[c]}: of {common}")
    return faults


def sources_of(name, entries):
    """Where the numbers of a sheet come from."""
    return [entries[part] for part in (f"{name}.csv", *SOURCES.get(name, name).split()) if part in entries]


def pages_of(run, out):
    """Each page of the workbook, by its sheet: what stands above the table, headings and rows."""
    found = {}
    for sheet, page in zip(sheets_of(run), openpyxl.load_workbook(out / "town.xlsx"), strict=True):
        rows = list(page.iter_rows(values_only=True))
        head = int(page.freeze_panes.lstrip("B")) - 2
        found[sheet.id] = (rows[:head], [str(each).split("\n")[-1] for each in rows[head]], rows[head + 1 :])
    return found


@pytest.fixture(scope="module")
def pages(run, out):
    return pages_of(run, out)


def test_every_number_of_the_workbook_is_of_the_record(pages, entries):
    for name, (_, heads, rows) in pages.items():
        assert unexplained(heads, rows, sources_of(name, entries)) == [], name


def test_a_number_that_is_not_of_the_record_is_found(pages, entries):
    rng = np.random.default_rng(3)
    for name, (_, heads, rows) in pages.items():
        cells = [(r, c) for r, row in enumerate(rows) for c, cell in enumerate(row) if number(cell)]
        for r, c in rng.permutation(cells)[:3].tolist():
            wrong = [list(row) for row in rows]
            wrong[r][c] += 0.377
            assert unexplained(heads, wrong, sources_of(name, entries)) != [], (name, heads[c], rows[r])


def test_what_was_and_what_will_be_are_not_exchanged(pages, entries):
    _, heads, rows = pages["indicators"]
    exchanged = [each.replace("today", "?").replace("with the plan", "today").replace("?", "with") for each in heads]
    assert unexplained(exchanged, rows, sources_of("indicators", entries)) != []


def shown_as(text, value):
    """Whether a number is what stands there, as it is rounded there; its sign may stand in a word beside it."""
    digits = re.sub(r"[,+−\s-]", "", text)
    scale, digits = (100, digits[:-1]) if digits.endswith("%") else (1, digits)
    half = 0.5 * 10 ** -len(digits.partition(".")[2])
    return number(value) and abs(abs(value) * scale - float(digits)) <= half + 1e-6


def untold(line, sources, known=()):
    """A line of which no entry has all numbers, as figures or in its words; nothing where one has."""
    for words in sorted(known, key=len, reverse=True):
        line = line.replace(words, "")
    numbers = NUMBER.findall(line)

    def has(entry, text):
        digits = re.sub(r"[,+−%\s-]", "", text)
        return any(
            shown_as(text, value) or (isinstance(value, str) and digits in value.replace(",", ""))
            for value in entry.values()
        )

    if not numbers or any(all(has(entry, each) for each in numbers) for source in sources for entry in source):
        return []
    return [f"{line}: {numbers}"]


def titles_of(run):
    """Words that have numbers in them: names of standards, of a digest, and how far a card looks for what stands."""
    return {"SHA-256", "> 2 km", *(title for each in run.measured for title in each.standard.title.values())}


def test_every_number_in_the_words_of_the_workbook_is_of_the_record(run, pages, entries):
    for name, (above, heads, rows) in pages.items():
        texts = [cell for row in [*above, heads, *rows] for cell in row if isinstance(cell, str)]
        faults = [
            x
            for text in texts
            for line in text.split("\n")
            for x in untold(line, sources_of(name, entries), titles_of(run))
        ]
        assert faults == [], name


def test_every_number_of_the_report_stands_in_the_workbook_or_the_record(run, out, entries):
    book = openpyxl.load_workbook(out / "town.xlsx")
    columns = {sheet.title["zh"]: list(columns_of_page(page)) for sheet, page in zip(sheets_of(run), book, strict=True)}
    told, above, known = (
        defaultdict(set),
        "",
        [*entries["walk"], *entries["plans"], *entries["phases"], *entries["together"]],
    )
    for part in docx.Document(out / "town.docx").iter_inner_content():
        if isinstance(part, Paragraph):
            above = part.text.split(" · ")[0] if part.style.name == "Heading 1" else above
            sources = [known] if not told else sources_of(ids_of(run).get(above, ""), entries)
            assert untold(part.text, sources, titles_of(run)) == [] or "另有" in part.text
            continue
        for column in part.columns:
            head, *cells = [cell.text for cell in column.cells]
            assert (head, cells) in [(each, texts[:MOST_ROWS]) for each, texts in columns[above]], (above, head)
            told[above].add(head)
    assert {above: {head for head, cells in each if any(cells)} for above, each in columns.items()} == told


def ids_of(run):
    return {sheet.title["zh"]: sheet.id for sheet in sheets_of(run)}


def columns_of_page(page):
    """Each column of a page of the workbook: its heading, and its cells as the report words them."""
    rows = list(page.iter_rows(min_row=int(page.freeze_panes.lstrip("B")) - 1))
    for head, *cells in zip(*rows, strict=True):
        share = any(cell.number_format.endswith("%") for cell in cells)
        yield head.value, [word(cell.value, "share" if share else "number") for cell in cells]


SCALE = re.compile(r"1 : [\d ]+|0 – [\d.]+ k?m|90%")  # of the drawing, and who walks at most


def test_every_number_on_the_sheets_of_the_pdf_is_of_the_record(run, entries, monkeypatch):
    told = [*entries["all"], *(source for each in standards_of(entries).values() for source in each)]
    parts = ("plans", "examined", "fairness", "phases", "schools", "budget")
    told += [each for part in parts for each in entries[part]]
    sources = [told, entries["schools.csv"], entries["three_numbers.csv"]]
    known = titles_of(run) | {digest[:12] for digest in run.inputs.values()}
    pages = said_on_sheets(run, monkeypatch)
    assert len(pages) > 10
    assert [x for lines in pages for line in lines for x in untold(SCALE.sub("", line), sources, known)] == []


# ── the map, in a browser with the network off ────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def page(out):
    with chromium() as browser, opened(browser, out / "town.html") as page:
        yield page
        assert page.faults == []


def lines(page, selector):
    """The text of each element, a line each, whatever is shown."""
    return page.eval_on_selector_all(selector, "all => all.map((one) => one.innerText || one.textContent)")


def told_by_one(text, source, known):
    """All numbers of a text, however many lines it has, stand in one entry."""
    return untold(" ".join(text.split("\n")), [source], known)


def test_every_number_of_the_tables_on_the_map_stands_in_the_workbook(page, run, pages):
    page.locator("#tab-sheets").click()
    found = page.eval_on_selector_all(
        "[data-sheet]",
        """all => all.map((one) => ({
            id: one.dataset.sheet,
            note: one.querySelector("p").textContent,
            heads: [...one.querySelectorAll("thead th")].map((cell) => cell.textContent),
            rows: [...one.querySelectorAll("tbody tr:not(.behind)")].map((row) =>
                [...row.cells].map((cell) => cell.textContent)),
            behind: [...one.querySelectorAll(".behind li")].map((line) => line.textContent),
        }))""",
    )
    by_id = {sheet.id: sheet for sheet in sheets_of(run)}
    assert [each["id"] for each in found] == [sheet.id for sheet_of in SHEETS if (sheet := sheet_of(run))]
    for each in found:
        above, _, rows = pages[each["id"]]
        kinds = [column.kind for column in by_id[each["id"]].columns]
        pairs = [any(isinstance(row[c], tuple) for row in by_id[each["id"]].rows) for c in range(len(kinds))]
        assert each["note"] in above[1][0]
        shown = [
            ["" if (cell, kind) == ("–", "words") else cell for cell, kind in zip(row, kinds, strict=True)]
            for row in each["rows"]
        ]
        assert shown == [on_map(row, kinds, pairs) for row in rows[:300]], each["id"]
        details = "\n".join(row[-1] for row in rows if isinstance(row[-1], str))
        assert [line for line in each["behind"] if line not in details] == []


def on_map(row, kinds, pairs):
    """The cells of a row of the workbook as the map words them, in Chinese."""
    cells, texts = iter(row), []
    for kind, pair in zip(kinds, pairs, strict=True):
        was, now = (
            (on_map_cell(next(cells), kind), on_map_cell(next(cells), kind))
            if pair
            else [on_map_cell(next(cells), kind)] * 2
        )
        texts.append(was if was == now else f"{was}\xa0→ {now}")
    return texts


def on_map_cell(value, kind):
    if kind == "words":
        return "" if value is None else str(value).removeprefix("'").split("\n")[0]
    if value is None:
        return "–"
    return f"{half_up(1000 * value) / 10:.1f}\xa0%" if kind == "share" else f"{half_up(value):,}"


def half_up(value):
    return math.floor(value + 0.5)


def of(entries, part, **known):
    """The entries of a part in which these fields hold these values."""
    return [each for each in entries[part] if all(str(each.get(key)) == str(value) for key, value in known.items())]


def merged(*found):
    """One entry of several."""
    return [{f"{k} {field}": value for k, each in enumerate(found) for field, value in each.items()}]


def hectares(entry):
    """The land of an entry as the map tells it."""
    land = "unit" in entry and entry["unit"] == LAND
    return {
        field: value / 1e4 for field, value in entry.items() if number(value) and (land or field.startswith("land_"))
    }


def standards_of(entries):
    """By standard all that is told of it, on foot and in a straight line."""
    walk, straight = (
        {each["standard"]: each for each in of(entries, "coverage", metric=way)} for way in ("walk", "straight")
    )
    return {name: merged(each, straight[name]) for name, each in walk.items()}


def test_every_number_of_the_first_tab_is_of_the_record(page, run, entries):
    known, by_standard = titles_of(run), standards_of(entries)
    page.locator("#tab-overview").click()
    assert [x for line in lines(page, "#subtitle span") for x in told_by_one(line, entries["all"], known)] == []
    for name, source in by_standard.items():
        (text,) = lines(page, f'#standards [data-standard="{name}"]')
        assert told_by_one(text, source, known) == [], name
    whole, *plans = lines(page, "#plan .plan")
    (together,) = of(entries, "together", number=4)
    assert told_by_one(whole, merged(together), known) == []
    listed = [each for each in entries["plans"] if "asked" in each]
    assert [
        told_by_one(text, merged(each, hectares(each)), known) for text, each in zip(plans, listed, strict=True)
    ] == [[]] * len(listed)
    (text,) = lines(page, '#seats [data-schools="1"]')
    assert (
        told_by_one(text, [each for each in of(entries, "schools", number=1) if "rows_for_zones" in each], known) == []
    )
    assert [line for line in lines(page, "#assumptions li") if line not in entries["all"][0].values()] == []


def test_every_number_of_the_cards_of_sites_is_of_the_record(page, run, entries):
    page.locator("#tab-sites").click()
    for p, plan in enumerate(run.plans):
        cards = page.locator("#site-list section").nth(p).locator(".card").all()
        for rank, (site, card) in enumerate(zip(plan.plan.opened, cards, strict=True), 1):
            (own,) = of(entries, "plans", **{"its number": plan.number, "its standard": plan.standard.id, "id": site})
            asked = of(entries, "examined", **{"its question": plan.number, "site": site, "role": "chosen"})
            assert (card.get_attribute("data-site"), own["place"]) == (site, rank)
            told = [own, hectares(own), *asked, rules_of(entries, plan, site), *of(entries, "tasks", key=own["unit"])]
            told += [{"sites": len(plan.plan.opened), "万": (own["cost"] or 0) / 1e4}]
            assert told_by_one(card.inner_text(), merged(*told), titles_of(run)) == [], site
            for rule in card.locator(".rules-of-site li").all_text_contents():
                assert untold(rule, [entries["walk"], entries["rule_sets"]], titles_of(run)) == []


def rules_of(entries, plan, site):
    """How many tests of the rule-sets there are, and how many of them count a site."""
    tests = [each for each in entries["rule_sets"] if "chosen.sites" in each]
    short = of(entries, "rule_sets", id=f"plan {plan.number}: {site}")
    return {"tests": len(tests), "met": len(tests) - len({(each["its rule_set"], each["its test"]) for each in short})}


def test_every_number_of_the_units_is_of_their_ledger(page, run, entries):
    page.locator("#tab-overview").click()
    for name in standards_of(entries):
        page.locator(f'#standards [data-standard="{name}"]').click()
        rows = page.eval_on_selector_all(
            "#unit-table tbody tr, #unit-table tfoot tr",
            "all => all.map((row) => [row.dataset.unit, ...[...row.cells].slice(1).map((cell) => cell.textContent)])",
        )
        keys = ["people", *(f"{name} on foot {when}" for when in ("before", "share before", "after", "share after"))]
        told = {"total" if each["name"] == "total" else each["unit"]: each for each in entries["ledger.csv"]}
        assert {unit: cells for unit, *cells in rows} == {
            unit: [f"{each[key] * 100:.1f}" if "share" in key else f"{half_up(each[key]):,}" for key in keys]
            for unit, each in told.items()
        }


def test_every_number_of_the_legend_is_of_the_record(page, run, entries):
    page.locator("#tab-overview").click()
    for name, (source,) in standards_of(entries).items():
        page.locator(f'#standards [data-standard="{name}"]').click()
        for when, covered in (("after", source["0 after"]), ("before", source["0 before"])):
            page.locator(f"#{when}").click()
            people = {
                state: half_up(float(text.split()[0].replace(",", "")))
                for state, text in page.eval_on_selector_all(
                    "#legend-states li",
                    "all => all.map((one) => [one.dataset.state, one.querySelector('b').textContent])",
                )
            }
            newly = covered - source["0 before"]
            assert people.pop("newly", 0) == newly
            assert people.pop("covered") == covered - newly
            assert sum(people.values()) == source["0 total"] - covered
    page.locator("#after").click()


def test_every_number_of_the_schools_is_of_their_tables(page, run, entries):
    page.locator("#tab-schools").click()
    for s, stage in enumerate(("primary", "junior")):
        page.locator(f'#school-stages [data-at="{s}"]').click()
        for way in ("today", "plan", "nearest"):
            page.locator(f'#school-ways [data-way="{way}"]').click()
            (totals,) = of(entries, "seats.csv", stage=stage, way="today_zones" if way == "today" else way)
            assert (
                told_by_one(
                    " ".join(lines(page, "#school-totals dd, #school-totals dt")),
                    merged(totals, *sizes(entries, stage)),
                    (),
                )
                == []
            )
            for school in page.locator("#school-table tbody tr").all():
                (own,) = of(entries, "schools.csv", stage=stage, school=school.get_attribute("data-school"))
                cells = [cell.text_content() for cell in school.locator("td").all()][1:]
                assert told_by_one(" | ".join(cells), merged(own), ()) == []
        page.locator('#school-ways [data-way="plan"]').click()
        for pin in page.locator(".school-pin").all():
            pin.press("Enter")
            card = page.locator(".leaflet-popup [data-school]").last
            (own,) = of(entries, "schools.csv", stage=stage, school=card.get_attribute("data-school"))
            options = [each for each in entries["schools"] if each.get("school") == own["school"] and "kind" in each]
            text = card.locator("dl").inner_text()
            assert told_by_one(text, merged(own, *options, *sizes(entries, stage)), ()) == []
            page.keyboard.press("Escape")


def sizes(entries, stage):
    return [each for each in entries["schools"] if each.get("key") == stage and "not_oversized" in each]


def test_every_number_of_what_is_told_about_the_run_is_of_the_record(page, run, entries):
    page.locator("#tab-about").click()
    (record,) = entries["all"]
    known = titles_of(run) | {value[:12] for value in record.values() if isinstance(value, str) and len(value) == 64}
    every = [*entries["walk"], *entries["rule_sets"], record]
    assert [x for line in lines(page, "#about li") for x in untold(line, [every], known)] == []
    assert [
        x for line in lines(page, "#credit, #switch-title, #title, #banner") for x in untold(line, [every], known)
    ] == []


def test_what_a_reader_may_try_begins_with_the_plan_of_the_record(page, run, entries):
    page.locator("#tab-what-if").click()
    by_standard = standards_of(entries)
    for number, switches in enumerate(run.switches):
        page.locator("#what-if-plan").select_option(str(number))
        (own,) = [
            each
            for each in of(entries, "plans", number=switches.sited.number, standard=switches.sited.standard.id)
            if "asked" in each
        ]
        row = dict(line.split("\t", 1) for line in lines(page, "#what-if-compare tbody")[0].split("\n"))
        people, share, sites = (row[key].split("\t") for key in ("覆盖人口", "覆盖率 %", "点位"))
        (source,) = by_standard[switches.sited.standard.id]
        assert people[:2] == [f"{half_up(source[f'0 {when}']):,}" for when in ("before", "after")]
        assert share[:2] == [f"{100 * source[f'0 share_{when}']:.1f}" for when in ("before", "after")]
        assert sites[1] == str(own["opened, how many"])
        assert [each[2] for each in (people, share, sites)] == [each[1] for each in (people, share, sites)]
