#!/usr/bin/env bash
# Makes .venv with everything the project needs from Python, locked and hashed. A second run is instant.
# What it cannot make itself (Python, make, git) it names, with the one line that installs it.
set -euo pipefail
cd "$(dirname "$0")/.."

install_line() { # the line a person types to install packages on this system
    local as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo "
    if command -v apt-get >/dev/null; then echo "${as_root}apt-get install -y $*"
    elif command -v dnf >/dev/null; then echo "${as_root}dnf install -y ${*/python3-venv/}"
    elif command -v brew >/dev/null; then echo "brew install ${*/python3-venv/}"
    else echo "install: $*"; fi
}

fit() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

python=""
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null && fit "$candidate"; then python=$candidate; break; fi
done
missing=""
if [ -z "$python" ]; then missing="python3 python3-venv"
elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then missing="python3-venv"; fi
for tool in make git; do command -v "$tool" >/dev/null || missing="$missing $tool"; done
if [ -n "$missing" ]; then
    echo "Sổ Cái needs Python 3.11 or newer (with venv), make and git. Type this line, then try again:" >&2
    # shellcheck disable=SC2086 # the words of $missing are separate packages
    echo "    $(install_line $missing)" >&2
    exit 1
fi

stamp=.venv/.setup
wanted="$("$python" -c '
import hashlib, pathlib
parts = [pathlib.Path(name).read_bytes() for name in ("requirements.lock", "pyproject.toml", "scripts/setup.sh")]
print(hashlib.sha256(b"".join([*parts, str(pathlib.Path.cwd()).encode()])).hexdigest())')"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; then exit 0; fi

echo "Setting up .venv with $("$python" --version)"
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then "$python" -m venv --clear .venv; fi
# Certificates and the registry are those of the machine: its trust store, and what its pip is told to use.
export UV_SYSTEM_CERTS=true PIP_DISABLE_PIP_VERSION_CHECK=1
if registry="$(.venv/bin/python -m pip config get global.index-url 2>/dev/null)"; then
    export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$registry}"
fi
if ! .venv/bin/uv --version >/dev/null 2>&1; then
    bootstrap="$(mktemp)"
    awk '/^uv==/ { found = 1 } found { print } found && !/\\$/ { exit }' requirements.lock >"$bootstrap"
    .venv/bin/python -m pip install --quiet --require-hashes --requirement "$bootstrap"
    rm -f "$bootstrap"
fi
if ! .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes --requirement requirements.lock; then
    echo "uv could not install; trying with pip" >&2
    .venv/bin/python -m pip install --quiet --require-hashes --requirement requirements.lock
fi
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-build-isolation --no-deps --editable .
echo "$wanted" >"$stamp"
