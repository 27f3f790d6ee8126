#!/usr/bin/env bash
# The web client's packages, build and checks, with the Node that .venv brings.   scripts/web.sh packages|build|check
set -euo pipefail
cd "$(dirname "$0")/../web"
PATH="$(cd .. && pwd)/.venv/bin:$PATH"
# Node asks the machine's trust store for certificates, as pip and uv do.
export PATH NODE_USE_SYSTEM_CA=1

digest() { # one hash of the named files and folders
    python - "$@" <<'PYTHON'
import hashlib
import pathlib
import sys

whole = hashlib.sha256()
for name in sys.argv[1:]:
    path = pathlib.Path(name)
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            whole.update(f"{file}\0".encode() + file.read_bytes())
print(whole.hexdigest())
PYTHON
}

packages() {
    local stamp=node_modules/.socai-packages wanted
    wanted="$(digest package.json package-lock.json .npmrc)"
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return; fi
    echo "Installing the web client's packages"
    npm ci --no-fund --no-audit --loglevel=error
    echo "$wanted" >"$stamp"
}

build() {
    packages
    local stamp=node_modules/.socai-built wanted
    wanted="$(digest src public index.html vite.config.ts tsconfig.json package-lock.json)"
    if [ -f ../src/socai/dataserver/web/index.html ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return; fi
    echo "Building the web client"
    npm run --silent build -- --logLevel warn
    for font in be-vietnam-pro roboto; do # a bundled font goes with its licence
        cp "node_modules/@fontsource/$font/LICENSE" "../src/socai/dataserver/web/assets/$font.licence.txt"
    done
    echo "$wanted" >"$stamp"
}

check() {
    packages
    npm run --silent lint
    npm run --silent types
    npm run --silent unit
}

case "${1:-}" in
    packages | build | check) "$1" ;;
    *) echo "usage: scripts/web.sh packages|build|check" >&2; exit 2 ;;
esac
