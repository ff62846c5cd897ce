"""What a worker process is: its application, its name, its logs."""

import contextlib
import ctypes
import gc
import os
import socket
from functools import cache
from uuid import uuid4

from flask import Flask

from app import create_core

M_ARENA_MAX = -8  # from glibc's malloc.h


@cache
def core() -> Flask:
    """This process's application: settings, database, bell. Made once, after any fork."""
    return create_core()


def name() -> str:
    """A name no other process ever had: leases are told apart by it."""
    return f"{host()}:{os.getpid()}:{uuid4().hex[:8]}"


def host() -> str:
    return socket.gethostname()[:100]


def stay_small() -> None:
    """Keep memory low and pauses short: two malloc arenas instead of eight per core (glibc only),
    and nothing that was loaded at start is looked at by the garbage collector again."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)
    gc.collect()
    gc.freeze()
