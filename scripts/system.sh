#!/usr/bin/env bash
# The system's programs that only the tests need: a browser, hledger (the oracle of balances), pdftotext.
# As root they are installed; otherwise the run stops here with the line to type.
set -euo pipefail
PATH="$PATH:/usr/sbin:/sbin" # dpkg looks for its tools there, and a bare environment may lack them
export PATH DEBIAN_FRONTEND=noninteractive

any() { local name; for name in "$@"; do command -v "$name" >/dev/null && return 0; done; return 1; }

missing=""
any chromium chromium-browser google-chrome || missing="$missing chromium"
any hledger || missing="$missing hledger"
any pdftotext || missing="$missing poppler-utils"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && any apt-get; then
    echo "Installing for the tests:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # the words of $missing are separate packages
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "The tests need programs of the system. Type this line, then try again:" >&2
    if any apt-get; then echo "    sudo apt-get install -y$missing" >&2
    elif any dnf; then echo "    sudo dnf install -y$missing" >&2
    else echo "    brew install$missing" >&2; fi
    exit 1
fi
