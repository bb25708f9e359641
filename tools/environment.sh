#!/bin/sh
# Makes or renews .venv: tools/environment.sh run|test
#
# What was done is kept as a checksum inside .venv, so that it is done once, and again when
# requirements change. An environment for tests will do for running too.
set -eu

cd "$(dirname "$0")/.."

kind=$1
python=${PYTHON:-python3}
venv=.venv
stamps=$venv/.staffroll
server_script=/usr/lib/rabbitmq/bin/rabbitmq-server

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

sum_of() {
    cat "$@" | sha256sum | cut -d ' ' -f 1
}

is_done() { # name, checksum
    [ -f "$stamps/$1" ] && [ "$(cat "$stamps/$1")" = "$2" ]
}

mark_done() {
    mkdir -p "$stamps"
    printf '%s\n' "$2" >"$stamps/$1"
}

requirements_sum() {
    sum_of "requirements/$1.txt"
}

distributions() {
    for project in shared services/* plugins/*; do
        if [ -f "$project/pyproject.toml" ]; then
            printf '%s\n' "$project"
        fi
    done
}

distributions_sum() {
    # The place counts too: an editable installation points to it.
    distributions | while read -r project; do
        pwd
        cat "$project/pyproject.toml"
    done | sha256sum | cut -d ' ' -f 1
}

has_library() {
    "$python" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$1" 2>/dev/null
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

needs_library_for_database() {
    [ -z "${STAFFROLL_MONGODB_URI:-}" ] || [ "$kind" = test ] || return 1
    ! command -v mongod >/dev/null 2>&1 && ! has_library libcurl.so.4
}

missing_packages() {
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo python3-venv
    fi
    if needs_library_for_database; then
        echo libcurl4
    fi
    if [ "$kind" = test ]; then
        for package in ${TEST_PACKAGES:-}; do
            if [ "$package" = rabbitmq-server ] && [ -x "$server_script" ]; then
                continue
            fi
            is_installed "$package" || echo "$package"
        done
    fi
}

command -v "$python" >/dev/null 2>&1 ||
    fail "Python is missing: install Python 3.11 or newer, or name it (make PYTHON=python3.12 ...)."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old: install Python 3.11 or newer, or name it (make PYTHON=python3.12 ...)."

[ -w . ] || fail "$(pwd) may not be written by you: work on a copy of your own."

packages=$(missing_packages | tr '\n' ' ')
if [ -n "$packages" ]; then
    # shellcheck disable=SC2086 # one word a package
    tools/system_packages.sh $packages
fi

if ! "$venv/bin/python" -c '' 2>/dev/null; then
    say "Making $venv ..."
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi

if ! is_done "$kind" "$(requirements_sum "$kind")"; then
    say "Installing what requirements/$kind.txt names ..."
    "$venv/bin/python" -m pip install --disable-pip-version-check --quiet \
        --require-hashes -r "requirements/$kind.txt"
    mark_done "$kind" "$(requirements_sum "$kind")"
    if [ "$kind" = test ]; then
        mark_done run "$(requirements_sum run)"
    fi
fi

if ! is_done distributions "$(distributions_sum)"; then
    say "Installing our own distributions in place ..."
    set --
    for project in $(distributions); do
        set -- "$@" -e "$project"
    done
    "$venv/bin/python" -m pip install --disable-pip-version-check --quiet \
        --no-deps --no-build-isolation "$@"
    mark_done distributions "$(distributions_sum)"
fi
