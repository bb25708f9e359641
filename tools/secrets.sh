#!/bin/sh
# Writes .env with secrets made just now, for docker-compose.yml; what stands there already stays.
set -eu

cd "$(dirname "$0")/.."
umask 077
touch .env
chmod 600 .env

for name in STAFFROLL_SECRET_KEY STAFFROLL_PLUGIN_KEY RABBITMQ_PASSWORD GRAFANA_PASSWORD; do
    if ! grep -q "^$name=." .env; then
        printf '%s=%s\n' "$name" "$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')" >>.env
        printf 'Made %s.\n' "$name" >&2
    fi
done
