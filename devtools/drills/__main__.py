"""Inject a fault into a bin/dev, show what an operator sees of it, cure it, and check the cure.

Without --var a private bin/dev is started for it and thrown away afterwards. With --var the drill
takes place in the bin/dev that runs there, so that it can be watched in the console. It never runs
anywhere else."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import requests

from devtools.drills import inside, scenes
from devtools.drills.drill import Drill
from devtools.drills.private import private_site, private_site_on_postgresql
from devtools.drills.site import DrillFailed, NotADevEnvironment, Site, running_on


def main() -> int:
    options = parser().parse_args()
    if not options.names:
        print("\n".join(f"{name:<18} {scenes.about(name)}" for name in scenes.NAMES))
        return 0
    names = scenes.NAMES if options.names == ["all"] else options.names
    if unknown := [name for name in names if name not in scenes.NAMES]:
        print(f"error: no drill is called {unknown[0]}; bin/drill lists them.", file=sys.stderr)
        return 2
    try:
        return 0 if play_all(names, options.var) else 1
    except NotADevEnvironment as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="bin/drill", description=__doc__)
    found.add_argument("names", nargs="*", metavar="NAME", help="which drills, or all; none: list")
    found.add_argument("--var", type=Path, help="the RUNSHEET_VAR of the bin/dev to use")
    return found


def play_all(names: Sequence[str], var: Path | None) -> bool:
    """Each in the environment that is given, or one of their own, which those share that can."""
    if var is not None:
        with inside.let_in(running_on(var.absolute())) as site:
            return play_in(site, [name for name in names if can_be_played(name, site)])
    alike: dict[bool, list[str]] = {}
    for name in names:
        alike.setdefault(scenes.needs_postgresql(name), []).append(name)
    good = True
    for on_postgresql, some in alike.items():
        print("Starting a bin/dev for the drill …", flush=True)
        with private_site_on_postgresql() if on_postgresql else private_site() as site:
            good = play_in(site, some) and good
    return good


def play_in(site: Site, names: Sequence[str]) -> bool:
    """All of them, whatever becomes of one; whether all went well."""
    results = [play(Drill(name, site)) for name in names]
    return all(results)


def can_be_played(name: str, site: Site) -> bool:
    """Says so where it can't."""
    if scenes.needs_postgresql(name) and site.database is None:
        print(f"{name}: left out: it stops PostgreSQL, and has one of its own without --var.\n")
        return False
    return True


def play(drill: Drill) -> bool:
    """Play a scene and print its receipt; whether all was as the runbook says."""
    began = monotonic()
    drill.say(f"{drill.name}: {scenes.about(drill.name)}")
    try:
        with drill.undo:
            scenes.load(drill.name).run(drill)
    except (DrillFailed, requests.RequestException) as error:
        drill.say(f"  FAILED {error}\n")
        return False
    alerts = ", ".join(drill.alerts) or "none"
    drill.say(f"  done   {monotonic() - began:.0f} s; alerts: {alerts}\n")
    return True


if __name__ == "__main__":
    sys.exit(main())
