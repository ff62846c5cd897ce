"""A receiver at C speed that writes down what it got: nginx."""

import os
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devtools.ports import free_port
from tests.support.waiting import wait_until

NO_ID = "-"  # what nginx writes for a header that is not there
CONFIG = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
  log_format got '$msec $http_webhook_id';
  access_log {folder}/got.log got; keepalive_requests 10000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location / {{ default_type application/json; return 200 '{{"ok":true}}'; }}
  }}
}}
"""


@dataclass
class Nginx:
    """Where it listens, and the log of what came: one line per request."""

    url: str
    log: Path
    pid: int

    def arrivals(self) -> list[tuple[float, str]]:
        """(epoch seconds, webhook-id or `-`) of every request since `forget`."""
        lines = self.log.read_text().splitlines()
        return [(float(at), token) for at, token in (line.split(" ", 1) for line in lines)]

    def forget(self) -> None:
        self.log.unlink()
        os.kill(self.pid, signal.SIGUSR1)  # open the log anew
        wait_until(self.log.exists, why="nginx should open its log")

    def repeats(self) -> int:
        """How many requests carried an id that had come before."""
        tokens = Counter(token for _, token in self.arrivals())
        return sum(count - 1 for token, count in tokens.items() if token != NO_ID)


def find() -> str:
    """The path of nginx, installed first where that is possible."""
    path = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if path is None and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", "nginx-light"], check=True)
        path = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if path is None:
        raise SystemExit("This needs nginx as its receiver: install it (Debian: nginx-light).")
    return path


@contextmanager
def receiving(folder: Path) -> Iterator[Nginx]:
    """nginx on a free port of 127.0.0.1 for the length of a block."""
    folder.mkdir(parents=True)
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, port=port))
    process = subprocess.Popen([find(), "-c", str(config)], stderr=subprocess.DEVNULL)
    nginx = Nginx(f"http://127.0.0.1:{port}", folder / "got.log", process.pid)
    try:
        # It writes its pid when it hears signals; `forget` would have killed it before.
        wait_until((folder / "pid").exists, why="nginx should have started")
        yield nginx
    finally:
        process.terminate()
        process.wait()
