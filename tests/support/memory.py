"""Where files of tests lie that nobody needs afterwards."""

import os
import shutil
import tempfile

ENOUGH = 2 << 30  # bytes: containers often have less


def folder() -> str:
    """A folder in memory, if this machine has a large one, else where temporary files lie."""
    shared = "/dev/shm"
    if os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > ENOUGH:
        return shared
    return tempfile.gettempdir()


FOLDER = folder()
