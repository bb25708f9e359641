#!/bin/sh
# Installs Debian packages when we may, and names them otherwise: tools/system_packages.sh PACKAGE...
set -eu

policy=/usr/sbin/policy-rc.d

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    printf 'Please install these first (Debian and Ubuntu: sudo apt-get install %s).\n' "$*" >&2
    exit 1
fi

printf 'Installing %s ...\n' "$*" >&2

# Packages of servers start them. We run private ones, on ports of our own, so nothing may
# be started here; the file that forbids it is removed again, unless it was somebody else's.
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

install_packages() {
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends --quiet=2 \
        "$@" >/dev/null
}

# The lists may be there and current already; fetching them is the slow part.
if ! install_packages "$@" 2>/dev/null; then
    apt-get update --quiet=2
    install_packages "$@"
fi
