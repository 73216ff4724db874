"""The ledger of tasks: what is done, what is late, what is refused, and the same figures wherever they stand."""

import csv
import io
import json

import openpyxl
import pandas as pd
import pytest

from planner import papers, report
from planner.errors import ColumnError, DataError, ScenarioError
from planner.ledgers import TABLES
from planner.ledgers.tasks import tasks_sheet
from planner.run import run_scenario
from planner.scenario import load
from planner.sources.tasks import read_tasks
from planner.tasks import is_over
from tests.test_cli import HOMES, PLOTS, SCENARIO, STREET

#  任务    社区      责任单位    时限         状态
#  A-1    东社区    民政局      2022-05-31  完成
#  A-2    东社区    城管局      2022-06-30  在建     late on 1 July, not on 30 June
#  B-1    西社区    =CMD()     2022-07     未开工   not late: July is not over
HEAD = ("任务", "社区", "责任单位", "时限", "状态")
ROWS = (
    ("A-1", "东社区", "民政局", "2022-05-31", "完成"),
    ("A-2", "东社区", "城管局", "2022-06-30", "在建"),
    ("B-1", "西社区", "=CMD()", "2022-07", "未开工"),
)
NAMED = dict(zip(("task", "community", "owner", "deadline", "status"), HEAD, strict=True))
KEYS = ", ".join(f"{key}: {column}" for key, column in NAMED.items())


def table(folder, rows=ROWS, name="tasks.csv"):
    path = folder / name
    frame = pd.DataFrame(rows, columns=HEAD)
    frame.to_excel(path, index=False) if path.suffix == ".xlsx" else frame.to_csv(path, index=False)
    return path


def read(path, **options):
    return read_tasks(path, done=["完成"], **NAMED, **options)


@pytest.mark.parametrize("name", ["tasks.csv", "tasks.xlsx"])
def test_what_is_done_and_what_is_late_is_counted_by_community(tmp_path, name):
    ledger = read(table(tmp_path, name=name), as_of="2022-07-01")
    assert (ledger.all, ledger.done, ledger.late) == (3, 1, 1)
    assert str(ledger) == "1 of 3 tasks are done (33.3%), 1 late on 2022-07-01"
    assert {place: (each.all, each.done, each.late) for place, each in ledger.by_community.items()} == {
        "东社区": (2, 1, 1),
        "西社区": (1, 0, 0),
    }


def test_a_day_that_a_spreadsheet_holds_as_a_date_is_that_day(tmp_path):
    rows = [(*row[:3], pd.Timestamp(2022, 6, day), row[4]) for day, row in enumerate(ROWS, 1)]
    assert [task.deadline for task in read(table(tmp_path, rows, "tasks.xlsx")).tasks] == [
        "2022-06-01",
        "2022-06-02",
        "2022-06-03",
    ]


@pytest.mark.parametrize(
    ("deadline", "day", "over"),
    [
        ("2022-06-30", "2022-06-30", False),
        ("2022-06-30", "2022-07-01", True),
        ("2022-06", "2022-06-30", False),
        ("2022-06", "2022-07-01", True),
        ("2022", "2022-12-31", False),
    ],
)
def test_a_deadline_is_over_on_the_day_after(deadline, day, over):
    assert is_over(deadline, day) is over


def test_668_of_687_tasks_print_97_2_per_cent(tmp_path):
    rows = [(f"{n}", f"社区{n % 40}", "街道办", "2022-06-30", "完成" if n < 668 else "在建") for n in range(687)]
    ledger = read(table(tmp_path, rows))
    assert str(ledger) == "668 of 687 tasks are done (97.2%)"
    assert sum(each.done for each in ledger.by_community.values()) == 668
    assert sum(each.all for each in ledger.by_community.values()) == 687


def test_every_fault_of_the_table_is_told_at_once(tmp_path):
    rows = [("", "东", "甲", "2022", "在建"), ("2", "东", "甲", "年底", "在建")]
    with pytest.raises(DataError) as refused:
        read(table(tmp_path, rows), as_of="2022-07-01")
    told = str(refused.value)
    assert "1 rows have no 任务 or no 状态 (first: 1)" in told
    assert "no 状态 is one of 完成; there are: 在建" in told
    assert "1 open tasks have a 时限 that is no date like 2022-06-30 (first: 2: '年底')" in told


def test_tasks_of_one_number_and_columns_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"1 numbers are of several tasks \(first: A-1\)"):
        read(table(tmp_path, [ROWS[0], ROWS[0]]))
    with pytest.raises(ColumnError, match="no column 'owner', 'deadline'"):
        read_tasks(table(tmp_path), done=["完成"], task="任务", community="社区", status="状态")


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    rows = [
        (f"T{n}", "东社区" if n % 2 else "西社区", "=CMD()", "2022-06", "完成" if n < 668 else "在建")
        for n in range(687)
    ]
    table(folder, rows)
    told = f"outputs:\n  tasks: {{file: tasks.csv, {KEYS}, done: [完成], as_of: 2022-07-01}}\n"
    for name, text in {
        "town.osm": STREET,
        "homes.csv": HOMES,
        "plots.csv": PLOTS,
        "town.yaml": SCENARIO + told,
    }.items():
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def run(town):
    return run_scenario(load(town / "town.yaml"))


def test_record_table_sheet_and_workbook_tell_the_same_of_the_tasks(run, tmp_path):
    counts = json.loads(report.record_text(run))["tasks"]
    assert (counts["tasks"], counts["done"], counts["late"]) == (687, 668, 19)
    rows = list(csv.DictReader(io.StringIO(TABLES["tasks.csv"](run))))
    assert sum(row["done"] == "True" for row in rows) == counts["done"] == int(rows[-1]["done"])
    assert float(rows[-1]["rate"]) == counts["rate"] == round(668 / 687, 6)
    sheet = tasks_sheet(run)
    assert "668 of 687 tasks are done: 97.2 %" in sheet.note["en"]
    assert "完成率 97.2 %" in sheet.note["zh"]
    assert sheet.rows[-1] == ({"zh": "合计", "en": "total"}, 687, 668, 668 / 687, 19)
    assert sum(map(len, sheet.more)) == 19
    (path,) = papers.write(run, tmp_path, ["xlsx"])
    page = openpyxl.load_workbook(path)["任务完成情况"]
    *_, last = page.iter_rows()
    assert [cell.value for cell in last[1:5]] == [687, 668, round(668 / 687, 9), 19]
    assert last[3].number_format == "0.0%"
    listed = list(openpyxl.load_workbook(path)["社区任务台账"].iter_rows(values_only=True))
    assert sum(row[5] == "完成\ndone" for row in listed) == 668
    assert {row[2] for row in listed if row[0] and row[0].startswith("T")} == {"'=CMD()"}


def test_the_scenario_names_the_column_that_the_table_lacks(town):
    with pytest.raises(ScenarioError, match=r"outputs\.tasks\.owner: tasks\.csv has no column 'wer'"):
        load(town / "town.yaml", set=["outputs.tasks.owner=wer"])
