"""How the web process is served, on a platform and in bin/dev alike."""

import os
from pathlib import Path
from runpy import run_path

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"

# Pages wait for the database and live streams wait for events, so threads carry the
# load; more processes (WEB_CONCURRENCY) cost memory and are for machines with cores to spare.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
threads = int(os.environ.get("WEB_THREADS", "16"))
keepalive = 5

# Platforms kill 30 s after SIGTERM; this leaves time to close what is left.
graceful_timeout = 20

# The heartbeat file is touched every second: keep it off the disk, where a busy
# volume would make healthy workers look dead.
if os.path.isdir("/dev/shm"):
    worker_tmp_dir = "/dev/shm"

# Requests are logged by the application (LOG_REQUESTS), which knows rules and ids where gunicorn
# knows paths. Run and not imported: this process must not hold parts of an application that its
# children load anew.
accesslog = None
errorlog = "-"
logconfig_dict = run_path(str(Path(__file__).parent / "app" / "log_lines.py"))["for_gunicorn"](
    os.environ
)

# No second way in: nothing uses gunicorn's control socket.
control_socket_disable = True


def post_worker_init(worker):
    from app import http_counts, memory  # here, in the child

    http_counts.keep_writing(worker.wsgi)
    memory.settle()


def worker_exit(server, worker):
    """What was counted since it was last written. An application that could not start has none."""
    if getattr(worker, "wsgi", None) is not None:
        from app import http_counts

        http_counts.write_now(worker.wsgi)
