"""The live region follows its server without taking anything away from whoever reads or types.
The contract stands at the top of app/static/js/live.js."""

import re

import pytest
from playwright.sync_api import Page, expect

from devtools import gallery_data as data
from tests.system.islands.fake_console import TOTAL, Console


def test_what_happens_appears_by_itself(page: Page, console: Console) -> None:
    expect(page.locator("#timeline > li")).to_have_count(3)
    expect(page.locator("#live-mark")).to_contain_text("live")
    console.happen(2)
    expect(page.locator("#timeline > li")).to_have_count(5)
    expect(page.locator("#timeline-new")).to_be_hidden()


def test_typing_outlives_an_update(page: Page, console: Console) -> None:
    page.locator("#act-charge-skip > summary").click()
    reason = page.locator("#act-charge-skip-reason")
    reason.press_sequentially("The customer")
    console.happen()
    expect(page.locator("#timeline > li")).to_have_count(4)
    reason.press_sequentially(" called")
    expect(reason).to_have_value("The customer called")
    expect(reason).to_be_focused()


def test_what_was_opened_or_closed_stays_so(page: Page, console: Console) -> None:
    page.locator("#attempts > summary").click()
    page.locator("#properties > summary").click()
    console.happen()
    expect(page.locator("#timeline > li")).to_have_count(4)
    expect(page.locator("#attempts")).not_to_have_attribute("open", "")
    expect(page.locator("#properties")).to_have_attribute("open", "")


def test_the_focus_stays_on_the_row(page: Page, console: Console) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    before = page.evaluate("document.activeElement.href")
    console.happen()
    expect(page.locator("#timeline > li")).to_have_count(4)
    assert page.evaluate("document.activeElement.href") == before


@pytest.mark.parametrize("size", [(1440, 700), (390, 844)], ids=["wide", "phone"])
def test_what_is_being_read_does_not_move(
    page: Page, console: Console, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    console.happen(TOTAL - 6)
    expect(page.locator("#timeline > li")).to_have_count(TOTAL - 3)
    read = page.locator("#timeline > li").nth(8)
    read.evaluate("each => each.scrollIntoView({ block: 'start' })")
    page.wait_for_timeout(100)
    before = read.bounding_box()
    line = page.locator(f"#{read.get_attribute('id')}")
    console.happen(3)
    expect(page.locator("#timeline > li")).to_have_count(TOTAL)
    after = line.bounding_box()
    assert before and after and abs(before["y"] - after["y"]) < 1
    bar = page.locator("#timeline-new")
    expect(bar).to_have_text("3 new ↑")
    bar.click()
    expect(bar).to_be_hidden()
    expect(page.locator("#timeline > li").first).to_be_in_viewport()


def test_without_a_stream_it_asks_again_and_again(page: Page, console: Console) -> None:
    console.streaming = False
    page.reload()
    expect(page.locator("#live-mark")).to_contain_text("asked")
    console.shown += 1
    expect(page.locator("#timeline > li")).to_have_count(4)


def test_an_update_asks_for_the_lines_that_are_shown(page: Page, console: Console) -> None:
    console.happen()
    expect(page.locator("#timeline > li")).to_have_count(4)
    assert console.fragments[-1]["from"] == [str(data.EVENTS[-1].seq)]


def test_an_older_answer_does_not_turn_time_back(page: Page, console: Console) -> None:
    expect(page.locator("#live-mark")).to_contain_text("live")
    page.evaluate("document.getElementById('live').dataset.seq = 1000")
    console.happen()
    page.wait_for_timeout(600)
    expect(page.locator("#timeline > li")).to_have_count(3)


def test_signed_out_it_stops_and_says_so(page: Page, console: Console) -> None:
    expect(page.locator("#live-mark")).to_contain_text("live")
    console.signed_in = False
    console.happen()
    expect(page.locator("#live-mark")).to_contain_text(re.compile("signed out"))
    expect(page.locator("#timeline > li")).to_have_count(3)
