# Sourced by bin/dev and bin/test: sets $python to a Python that can make .venv.
# A candidate is run, not only looked up: version managers leave shims on PATH
# for versions that are not there, and Debian ships Python without ensurepip.
python=
for candidate in .venv/bin/python python3 python3.11 python3.12 python3.13 python3.14 python; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
        >/dev/null 2>&1; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "$0: needs Python 3.11 or newer with venv on PATH (Debian: apt-get install python3-venv)." >&2
    exit 1
fi
