"""What Runsheet is compared with: a bare loop, and RQ alone doing the same post. None of them
keeps a record of what it did."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import requests
from redis import Redis
from rq import Queue

from app.clock import monotonic
from benchmarks.nginx import Nginx

BIN = Path(sys.executable).parent


def bare_loop(nginx: Nginx, count: int) -> float:
    """Posts per second of `requests.Session().post` in a loop."""
    with requests.Session() as session:
        session.post(nginx.url, json={"id": 0})
        began = monotonic()
        for number in range(count):
            session.post(nginx.url, json={"id": number})
        return count / (monotonic() - began)


def post(url: str, number: int) -> None:
    """The job that RQ runs."""
    with requests.Session() as session:
        session.post(url, json={"id": number})


def rq_workers(
    nginx: Nginx, redis_url: str, environ: Mapping[str, str], count: int, kind: str, workers: int
) -> float:
    """Posts per second of so many `rq worker -w KIND` on a full queue, by the receiver's clock,
    so that their start does not count."""
    nginx.forget()
    with Redis.from_url(redis_url) as redis:
        queue = Queue("rivals", connection=redis)
        queue.empty()
        for number in range(count):
            queue.enqueue(post, nginx.url, number, result_ttl=0)
    command = [str(BIN / "rq"), "worker", "-w", kind, "--burst", "--quiet", "--url", redis_url]
    running = [
        subprocess.Popen([*command, "rivals"], env=environ, stderr=subprocess.DEVNULL)
        for _ in range(workers)
    ]
    for process in running:
        process.wait()
    times = [at for at, _ in nginx.arrivals()]
    return (len(times) - 1) / (times[-1] - times[0])
