"""`make bench`: every benchmark, as a table on the screen and in RESULTS.md."""

from pathlib import Path

from benchmarks import reach

if __name__ == "__main__":
    table = reach.compare()
    print(table)
    Path(__file__).with_name("RESULTS.md").write_text(f"# Results of `make bench`\n\n{table}\n", "utf-8")
