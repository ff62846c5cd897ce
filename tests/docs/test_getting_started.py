"""'Getting started', word by word: what it says is done in a browser, in a fresh copy of the code.

With RUNSHEET_PICTURES=docs/images its pictures are made anew, where they stand in the document.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from devtools import browser
from tests.docs.reader import WORDS, Reader, steps
from tests.support.bin_dev import Dev
from tests.support.fences import ROOT

pytestmark = pytest.mark.xdist_group("docs")
DOCUMENT = ROOT / "docs" / "getting-started.md"
PICTURES = os.environ.get("RUNSHEET_PICTURES", "")
MOST_BYTES = 150_000


@pytest.fixture
def page() -> Iterator[Page]:
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(
            executable_path=browser.find(), args=["--no-sandbox", "--disable-gpu"]
        )
        size = {"width": 1440, "height": 760}
        yield chrome.new_context(viewport=size, color_scheme="light").new_page()  # pyright: ignore[reportArgumentType]
        chrome.close()


@pytest.fixture
def reader(dev: Dev, page: Page) -> Reader:
    port = int(dev.environ["PORT"])

    def printed(label: str) -> str:
        found = re.search(rf"{re.escape(label)} +(\S+)", dev.text)
        assert found, f"bin/dev prints no {label}"
        return found[1]

    return Reader(page, printed, {8000: port, 8001: port + 1, 8002: port + 2})


def test_somebody_who_does_what_it_says_gets_what_it_says(reader: Reader, tmp_path: Path) -> None:
    done = 0
    for what, text in steps(DOCUMENT):
        if what == "step":
            reader.follow(text)
            done += len(WORDS.findall(text))
        else:
            folder = Path(PICTURES) if PICTURES else tmp_path
            path = folder / Path(text).name
            reader.page.screenshot(path=path)
            assert path.stat().st_size < MOST_BYTES, f"{path} is large"
    assert done > 30
    assert reader.page.get_by_text("The receiver is back").count()


def test_a_step_that_nobody_could_do_is_a_fault(reader: Reader) -> None:
    with pytest.raises(AssertionError, match="nobody knows"):
        reader.follow("Wait for **Godot**.")
