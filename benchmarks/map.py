"""The review map of the default city in a Chromium without a graphics card: how large it is and how soon it answers.

Every time is from what the reader does to the frame that shows it, so an answer at once is up to one frame of 17 ms.
Medians and the slowest of RUNS, in a window of 1366 × 768. Beside other work these grow; the processor time of the
page's own thread, which also paints, does not.
"""

import shutil
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from planner import maps
from planner.run import run_scenario
from planner.scenario import load

CITY = Path(__file__).parents[1] / "scenarios" / "chuanhui.yaml"
WINDOW = {"width": 1366, "height": 768}
RUNS = 11
STEP = 150  # pixels that the map is moved by
ZOOMS = (13, 14, 15, 16)
LOOKS = """
new MutationObserver((_, watch) => {
    const veil = document.getElementById("veil");
    if (veil) window.veiled = true;
    else if (window.veiled) {
        watch.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => { window.paintedAt = performance.now(); }));
    }
}).observe(document, { childList: true, subtree: true });
window.frame = () => new Promise((done) => requestAnimationFrame(() => {
    const after = new MessageChannel();
    after.port1.onmessage = done;
    after.port2.postMessage(null);
}));
window.timed = async (act) => {
    await frame();
    const start = performance.now();
    act();
    await frame();
    return performance.now() - start;
};
"""  # a message that is posted while a frame is made arrives once it has been painted
DRAG = """(value, id) => {
    const slider = document.getElementById(id);
    slider.value = value;
    slider.dispatchEvent(new Event("input"));
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium that paints by the processor alone."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def opened(browser: Browser, path: Path) -> Page:
    """A page on the map with the network off, once it is painted."""
    page = browser.new_context(offline=True, viewport=WINDOW).new_page()
    page.add_init_script(LOOKS)
    page.goto(path.as_uri())
    page.wait_for_function("window.paintedAt")
    return page


def row(what: str, times: list[float], worked: float | None, wanted: int) -> str:
    """A line of the table."""
    work = "" if worked is None else f"{worked:.0f} ms"
    line = f"| {what} | {statistics.median(times):.0f} ms | {max(times):.0f} ms | {work} | {wanted:,} ms |"
    print(line, flush=True)
    return line


def timed(page: Page, act: str) -> tuple[list[float], float]:
    """How long each of RUNS acts takes, and how long one works the processor, a mean; in `act` i is its number."""
    asked = page.context.new_cdp_session(page)
    asked.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        found = {each["name"]: each["value"] for each in asked.send("Performance.getMetrics")["metrics"]}
        return 1000 * float(found["TaskDuration"])

    before = worked()
    times = [float(page.evaluate(f"(i) => timed(() => {{ {act}; }})", i)) for i in range(RUNS)]
    return times, (worked() - before) / RUNS


def measure(path: Path) -> str:
    """What a map weighs and how soon it answers, as Markdown."""
    lines = ["| | median | slowest | processor | wanted |", "|---|---|---|---|---|"]
    lines.append(f"| file | {path.stat().st_size / 1e6:.2f} MB | | | 6 MB |")
    with chromium() as browser:
        loads = []
        for _ in range(RUNS):
            page = opened(browser, path)
            loads.append(float(page.evaluate("paintedAt")))
            page.context.close()
        lines.append(row("opened, to the first painted map", loads, None, 2000))
        page = opened(browser, path)
        for zoom in ZOOMS:
            page.evaluate(f"() => {{ map_city.setZoom({zoom}, {{ animate: false }}); }}")
            there_and_back = (
                f"const by = i % 8 < 4 ? {STEP} : -{STEP}; map_city.panBy([by, by / 2], {{ animate: false }})"
            )
            lines.append(row(f"moved by {STEP} pixels at zoom {zoom}", *timed(page, there_and_back), 60))
        page.click("#whole-city")
        page.click("#tab-what-if")
        for number, plan in enumerate(page.locator("#what-if-plan option").all_text_contents()):
            page.select_option("#what-if-plan", str(number))
            site = "const pins = document.querySelectorAll('.site.switch'); pins[(3 * i) % pins.length].click()"
            lines.append(row(f"{plan}: a site switched", *timed(page, site), 100))
            for what, id_ in (("the limit", "what-if-limit"), ("the number of sites", "what-if-number")):
                page.click("#what-if-back")
                slid = f"({DRAG})([10, 4, 12, 2, 9, 14, 7, 5, 11, 3, 8][i % 11], '{id_}')"
                lines.append(row(f"{plan}: {what} slid", *timed(page, slid), 100))
            page.click("#what-if-back")
    return "\n".join(lines)


def compare() -> str:
    """The default city's map, drawn and measured."""
    with tempfile.TemporaryDirectory() as folder:
        table = measure(maps.draw(run_scenario(load(CITY)), Path(folder) / "map.html"))
    said = "The default city's review map in headless Chromium without a graphics card, 1366 × 768."
    how = f"From what the reader does to the frame that shows it, {RUNS} times; processor: the page's thread, mean."
    return f"{said}\n{how}\n\n{table}"
