"""`flask db upgrade` and, unless `SEED=no`, `flask seed` in one process (`python -m
devtools.prepare`), since making the application takes longer than both together."""

from __future__ import annotations

import os

from flask_migrate import upgrade

from app import create_app
from app.seeds import seed


def main() -> None:
    with create_app().app_context():
        upgrade()
        if os.environ.get("SEED") != "no":
            seed.main(args=[], standalone_mode=False)


if __name__ == "__main__":
    main()
