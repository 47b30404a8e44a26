"""The page in a real Chromium: what a visitor does, and that the console stays without errors.

Screenshots are stored in `test-results/`.
"""

import os
import re
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from tests.browser import launch
from tests.conftest import HANG_SECONDS

from sendcycle.calendar import month_index

ROOT = Path(__file__).resolve().parents[1]
SHOTS = ROOT / "test-results"
ANSWERS = 20  # that a visitor waits for to see that a page which has stopped stays so

expect.set_options(timeout=1000 * HANG_SECONDS)

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The page, served as `sendcycle app` serves it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "sendcycle_experiments.terminal.command_line",
        "app",
        "--no-browser",
        "--port",
        str(port),
    ]
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    try:
        while True:
            assert server.poll() is None, "the server has ended"
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/"):
                    break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium."""
    with sync_playwright() as tools:
        chromium = launch(tools)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A visitor of the page, whose console must stay without errors; a screenshot is stored at the end."""
    width, height = getattr(request, "param", (1280, 900))
    visitor = browser.new_page(viewport={"width": width, "height": height}, accept_downloads=True)
    wrong: list[str] = []
    visitor.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    visitor.on("pageerror", lambda error: wrong.append(str(error)))
    visitor.on("response", lambda answer: wrong.append(answer.url) if answer.status >= 400 else None)
    visitor.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith(LOCAL) else None)
    visitor.set_default_timeout(1000 * HANG_SECONDS)
    visitor.goto(address)
    visitor.get_by_role("button", name="Reset").wait_for()
    yield visitor
    SHOTS.mkdir(exist_ok=True)
    visitor.screenshot(path=SHOTS / f"{request.node.name.partition('[')[0]}.png", full_page=True)
    visitor.close()
    assert wrong == []


LOCAL = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")


def month_shown(page: Page) -> str:
    """Return the month that the page says was run last."""
    words = page.get_by_text(re.compile(r"^\d{4}-\d{2} of ")).inner_text()
    return words[:7]


def play_until(page: Page, at_least: str) -> None:
    """Play until a month, slowly, so that the run has not ended when a visitor is slow to pause it; then pause."""
    pause = page.get_by_role("slider", name="pause between steps, ms")
    pause.press("End")
    expect(pause).to_have_attribute("aria-valuenow", "500")
    page.get_by_role("button", name="▶").click()
    while (shown := month_shown(page)) < at_least:
        expect(page.get_by_text(re.compile(rf"^{shown} of "))).to_have_count(0)
    page.get_by_role("button", name="❚❚").click()
    page.get_by_role("button", name="▶").wait_for()


def step(page: Page) -> str:
    """Step, and return the month that is shown then."""
    before = month_shown(page)
    page.get_by_role("button", name="Step").click()
    expect(page.get_by_text(re.compile(rf"^{before} of "))).to_have_count(0)
    return month_shown(page)


def choose(page: Page, label: str, option: str) -> None:
    """Choose an entry of a drop-down list."""
    open_list(page, label).filter(has_text=option).first.click()


def open_list(page: Page, label: str) -> Locator:
    """Open a drop-down list and return its entries."""
    page.locator(f".v-select:has(label:text-is('{label}'))").click()
    return page.locator(".menuable__content__active").get_by_role("option")


def test_a_run_can_be_played_paused_stepped_and_reset(page: Page) -> None:
    assert month_shown(page) == "2014-08"
    chart = page.locator("[aria-label^='EHC plans in force']")
    expect(chart).to_have_attribute("aria-label", re.compile("not yet"))
    play_until(page, "2015-06")
    paused = month_index(step(page))
    for k in range(ANSWERS):
        page.get_by_role("tab", name=("Reforms", "England")[k % 2]).click()
        handle = page.get_by_role("slider", name="start of Plans for specialist needs alone")
        expect(handle).to_be_visible(visible=k % 2 == 0)
    assert month_index(month_shown(page)) - paused <= 6  # the step, and the picture that was on its way
    expect(chart).not_to_have_attribute("aria-label", re.compile("not yet"))
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text(re.compile("^2014-08 of "))).to_be_visible()
    expect(chart).to_have_attribute("aria-label", re.compile("not yet"))


def test_a_parameter_can_be_changed_and_errors_appear_beside_it(page: Page) -> None:
    choose(page, "group", "support")
    expect(page.get_by_role("slider", name=re.compile("^share_universal,"))).to_be_attached()
    choose(page, "group", "loops")
    field = page.get_by_label("gain_r1_crowding_out (multiplier)")
    field.fill("7")
    assert page.get_by_text("What you changed holds for the next run").count() == 0  # sliders say nothing by themselves
    field.press("Enter")
    expect(page.get_by_text("gain_r1_crowding_out = 7.0 is out of range: 0 to 2 multiplier")).to_be_visible()
    page.get_by_role("button", name="Step").click()
    expect(page.get_by_text(re.compile("^2014-1[0-9] of "))).to_be_visible()  # the run goes on
    assert page.get_by_text("What you changed holds for the next run").count() == 0
    page.get_by_role("slider", name="gain_r1_crowding_out, multiplier").press("ArrowLeft")
    expect(page.get_by_role("button", name="gain_r1_crowding_out = 0.99: undo")).to_be_visible()
    expect(page.get_by_text("What you changed holds for the next run")).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("What you changed holds for the next run")).to_have_count(0)
    expect(
        page.get_by_text(re.compile("parameters: declared values.*; changed: gain_r1_crowding_out = 0.99.$"))
    ).to_be_visible()
    sought = page.get_by_label("search in all names and meanings")
    sought.fill("outreach extra")  # of another group
    expect(page.get_by_label(re.compile("^outreach_extra "))).to_be_visible()
    sought.fill("no such words")
    expect(page.get_by_text("no parameter has these words.")).to_be_visible()
    sought.fill("")
    typed, slid = (
        page.get_by_label("gain_r1_crowding_out (multiplier)").bounding_box(),
        page.get_by_role("slider", name="gain_r1_crowding_out, multiplier").locator("..").bounding_box(),
    )
    assert typed is not None
    assert slid is not None
    assert typed["y"] < slid["y"] < typed["y"] + 60.0  # a slider stands under its own name
    page.get_by_role("button", name="gain_r1_crowding_out = 0.99: undo").click()
    expect(page.get_by_text("What you changed holds for the next run")).to_be_visible()
    for month_typed, said in (("2020-13", "'2020-13' is not a month"), ("2027-08", "never starts")):
        page.get_by_label("last month, YYYY-MM").fill(month_typed)
        page.get_by_label("last month, YYYY-MM").press("Enter")
        expect(page.get_by_text(said)).to_be_visible()
    field.fill("9")
    field.press("Enter")
    expect(page.get_by_text("9.0 is out of range")).to_be_visible()
    page.get_by_role("slider", name="gain_r1_crowding_out, multiplier").press("ArrowLeft")
    expect(page.get_by_text("9.0 is out of range")).to_have_count(0)


def test_a_reform_can_be_moved_saved_and_opened_again(page: Page, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Reforms").click()
    handle = page.get_by_role("slider", name="start of Plans for specialist needs alone")
    expect(handle).to_have_attribute("aria-valuetext", "Sep 2029")
    handle.press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuetext", "Oct 2029")
    handle.press("PageDown")
    expect(handle).to_have_attribute("aria-valuetext", "Oct 2028")
    box = handle.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 9, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] - 60, box["y"] + 10, steps=5)
    expect(handle).not_to_have_attribute("aria-valuetext", "Oct 2028")
    moved = str(handle.get_attribute("aria-valuetext"))
    page.mouse.up()
    expect(handle).to_have_attribute("aria-valuetext", moved)
    assert moved.split()[1] < "2028" or moved in ("Jan 2028", "Feb 2028", "Mar 2028", "Apr 2028", "May 2028")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a scenario file").click()
    saved = tmp_path / "mine.toml"
    download.value.save_as(saved)
    entries = {use["reform"]: use for use in tomllib.loads(saved.read_text())["use"]}
    names = ("Sep", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug")
    year, number = int(moved[-4:]), (names.index(moved[:3]) + 8) % 12 + 1
    assert entries["plan_threshold"]["start"] == f"{year}-{number:02d}"
    handle.press("PageUp")
    page.locator("input[type=file]").set_input_files(saved)
    expect(handle).to_have_attribute("aria-valuetext", moved)
    broken = tmp_path / "broken.toml"
    broken.write_text('name = "broken"\n[[use]]\nreform = "plan_treshold"\n')
    page.locator("input[type=file]").set_input_files(broken)
    expect(page.get_by_text("broken.toml, line 3: unknown reform 'plan_treshold'")).to_be_visible()
    expect(handle).to_have_attribute("aria-valuetext", moved)
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text(re.compile("my_white_paper_2026 beside no_change"))).to_be_visible()


def test_a_reform_can_be_added_and_removed(page: Page) -> None:
    choose(page, "scenario", "no_change")
    page.get_by_role("tab", name="Reforms").click()
    expect(page.get_by_text("No reform: nothing changes.")).to_be_visible()
    choose(page, "put in a reform of the library", "Teachers and psychologists trained")
    expect(page.get_by_role("slider", name="start of Teachers and psychologists trained")).to_be_visible()
    choose(page, "take out a reform", "Teachers and psychologists trained")
    expect(page.get_by_role("slider", name="start of Teachers and psychologists trained")).to_have_count(0)


def test_tabs_show_authorities_schools_a_child_and_the_loops(page: Page) -> None:
    play_until(page, "2016-03")
    page.get_by_role("tab", name="Authorities").click()
    page.locator(".v-autocomplete:has(label:text-is('colour by')) input").first.fill("Confidence in main")
    page.locator(".menuable__content__active").get_by_role("option", name=re.compile("^Confidence in main")).click()
    expect(page.locator("[aria-label^='Confidence in mainstream']")).to_be_visible()
    expect(page.locator("[aria-label*='mainstream schools of']")).to_be_visible()
    page.get_by_text("As a table").click()
    expect(page.get_by_role("table")).to_be_visible()
    page.get_by_role("tab", name="A child").click()
    open_list(page, "child").first.click()
    expect(
        page.get_by_role("cell", name=re.compile("an EHC needs assessment is requested|an EHC plan is issued")).first
    ).to_be_visible()
    expect(page.get_by_text(re.compile("^A child with .* born "))).to_be_visible()
    page.screenshot(path=SHOTS / "a_child.png", full_page=True)
    page.get_by_role("tab", name="Loops").click()
    page.get_by_role("button", name="Measure the loops now").click()
    bars = page.locator("[aria-label^='What each loop adds to requests']")
    bars.wait_for()
    assert re.search(r"R7 [+-]\d+\.\d", str(bars.get_attribute("aria-label")))
    choose(page, "show", "R7 confidence and contagion")
    expect(
        page.get_by_text(re.compile(r"^R7 confidence and contagion: .* In [0-9]{4}-[0-9]{2} it carried [+-]"))
    ).to_be_visible()


def test_the_difference_between_two_scenarios_is_drawn(page: Page) -> None:
    choose(page, "beside it, on the same draws", "reversed")
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("Solid: white_paper_2026; dashed: reversed")).to_be_visible()
    page.get_by_role("switch", name="show the difference").press("Space")
    play_until(page, "2015-03")
    chart = page.locator("[aria-label^='EHC plans in force']")
    assert "plans +0 against reversed" in str(chart.get_attribute("aria-label"))  # no reform has been announced yet
    expect(page.get_by_text("white_paper_2026 less reversed")).to_be_visible()


@pytest.mark.parametrize("page", [(390, 844)], indirect=True)
def test_the_page_fits_the_width_of_a_phone(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("tab", name="Reforms").click()
    expect(page.get_by_role("slider", name="start of Plans for specialist needs alone")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
