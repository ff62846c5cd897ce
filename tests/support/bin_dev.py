"""`bin/dev` as a person runs it: a real process, what it prints, and how it is ended."""

import os
import signal
import sqlite3
import subprocess
import threading
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import psutil

from devtools.ports import four_free_ports

ROOT = Path(__file__).resolve().parents[2]
OURS = ("DATABASE_URL", "REDIS_URL", "SMTP_URL", "SECRET_KEY", "ENCRYPTION_KEYS", "BASE_URL")


class Dev:
    """A running bin/dev, and what it has printed so far."""

    def __init__(self, environ, root=ROOT):
        self.process = subprocess.Popen(
            ["bin/dev"],
            cwd=root,
            env=environ,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.root = root
        self.environ = environ
        self.var = environ["RUNSHEET_VAR"]
        self.url = f"http://127.0.0.1:{environ['PORT']}"
        self.said = []
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout or ():
            with self.news:
                self.said.append(line)
                self.news.notify_all()
        with self.news:
            self.news.notify_all()

    @property
    def text(self):
        return "".join(self.said)

    def until(self, words, within=300):
        """Wait for words in the output, or for the output's end."""
        with self.news:
            self.news.wait_for(lambda: words in self.text or not self.reader.is_alive(), within)
        assert words in self.text, self.text

    def get(self, url):
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode()

    def orders(self):
        """The instances in its database."""
        with closing(sqlite3.connect(Path(self.var, "runsheet.db"))) as database:
            return database.execute(
                "SELECT id, title FROM workflow_instances ORDER BY id"
            ).fetchall()

    def stop(self, number=signal.SIGINT):
        """Signal it; how many seconds it took to end, and what is left of its processes."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=120)
        took = time.monotonic() - began
        _, left = psutil.wait_procs(below, timeout=120 if number == signal.SIGKILL else 10)
        return took, left

    def end(self):
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)
        self.reader.join(timeout=10)
        if self.process.stdout:
            self.process.stdout.close()


def environ_of_a_person(var):
    """A person's environment, with a place and a port of its own."""
    given = {name: value for name, value in os.environ.items() if name not in OURS}
    return given | {"RUNSHEET_VAR": str(var), "PORT": str(four_free_ports())}


def flask(environ, *arguments):
    """What `flask --app app …` in another terminal prints."""
    run = subprocess.run(
        [".venv/bin/flask", "--app", "app", *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()
