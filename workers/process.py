"""What a worker process is: its application, its name, its logs."""

import os
import socket
from functools import cache
from uuid import uuid4

from flask import Flask

from app import create_core


@cache
def core() -> Flask:
    """This process's application: settings, database, bell. Made once, after any fork."""
    return create_core()


def name() -> str:
    """A name no other process ever had: leases are told apart by it."""
    return f"{host()}:{os.getpid()}:{uuid4().hex[:8]}"


def host() -> str:
    return socket.gethostname()[:100]
