"""No locked version has a known vulnerability, as far as this machine can ask."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

NOT_HERE = 75
AT_MOST = 90  # seconds
COMMAND = [
    *(sys.executable, "-m", "pip_audit", "--requirement", "requirements.lock"),
    # The lock names every package and version, so pip need not be asked.
    *("--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"),
    *("--timeout", "5"),
]


def main() -> int:
    try:
        run = subprocess.run(COMMAND, capture_output=True, text=True, timeout=AT_MOST, check=False)
        packages: list[dict[str, Any]] = json.loads(run.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print("not available here: the list of vulnerabilities could not be reached")
        return NOT_HERE
    found = [line for package in packages for line in vulnerabilities(package)]
    print("\n".join(found) or f"{len(packages)} packages, no known vulnerability")
    return 1 if found else 0


def vulnerabilities(package: dict[str, Any]) -> list[str]:
    return [
        f"{package['name']} {package['version']}: {known['id']}, "
        f"fixed in {', '.join(known['fix_versions']) or 'no version yet'}"
        for known in package.get("vulns", ())
    ]


if __name__ == "__main__":
    sys.exit(main())
