#!/usr/bin/env bash
# Install what this machine lacks, from Debian: PostgreSQL with hypopg, Python's venv; with "tests", a browser, MariaDB and Go.
# Touches neither the network nor the machine when nothing is missing, and never makes or starts a database server.
set -euo pipefail

PYTHON="${PYTHON:-python3}"
DROP_IN=/etc/postgresql-common/createcluster.d/assay.conf

root=()

stop() { printf '%s\n' "$@" >&2; exit 1; }

# The newest PostgreSQL of Debian's layout, 15 or later, that has both extensions; fails when there is none.
has_postgresql() {
    local control version
    for control in /usr/share/postgresql/*/extension/hypopg.control; do
        version="$(basename "${control%/extension/*}")"
        [ -e "/usr/share/postgresql/$version/extension/pg_stat_statements.control" ] || continue
        [ -x "/usr/lib/postgresql/$version/bin/initdb" ] && [ "$version" -ge 15 ] && return 0
    done
    return 1
}

has_browser() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
} >/dev/null

# Debian's mariadb-server would start one at once and at every boot; its core holds the programs alone.
has_mariadb() {
    [ -x /usr/sbin/mariadbd ] && command -v mariadb-install-db && command -v my_print_defaults
} >/dev/null

# Go with gRPC's sources, and what makes messages for it.
has_go() {
    command -v go && command -v protoc && command -v protoc-gen-go && command -v protoc-gen-go-grpc &&
        [ -d /usr/share/gocode/src/google.golang.org/grpc ] && [ -d /usr/share/gocode/src/google.golang.org/protobuf ]
} >/dev/null

check_languages() {
    command -v "$PYTHON" >/dev/null || stop "Python 3.11 or newer is needed, and there is no $PYTHON."
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        stop "Python 3.11 or newer is needed; $PYTHON is $("$PYTHON" --version). Name another: make PYTHON=python3.11 ..."
    command -v node >/dev/null && command -v npm >/dev/null || stop "Node.js 20 or newer, with npm, is needed for the page."
    node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' ||
        stop "Node.js 20 or newer is needed for the page; this is $(node --version)."
}

missing() {
    has_postgresql || printf '%s\n' postgresql postgresql-hypopg
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || printf '%s\n' python3-venv
    if [ "${1:-}" = tests ] && ! has_browser; then printf '%s\n' chromium; fi
    if [ "${1:-}" = tests ] && ! has_mariadb; then printf '%s\n' mariadb-server-core mariadb-client-core; fi
    if [ "${1:-}" = tests ] && ! has_go; then
        printf '%s\n' golang-go golang-{google-grpc,google-protobuf,github-golang-protobuf-1-5}-dev protobuf-compiler protoc-gen-go{,-grpc}
    fi
}

# PostgreSQL's packages carry the version that this Debian has.
named() {
    local version
    version="$(apt-cache show postgresql 2>/dev/null | awk '/^Version:/ {split($2, part, "+"); print part[1]; exit}')"
    printf '%s\n' "${@/#postgresql/postgresql-${version:-15}}"
}

install() {
    local packages
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; } ||
            stop "Not root, and no sudo. Please have this run once, as root:" \
                "  apt-get install --no-install-recommends $(named "$@" | xargs)"
        root=(sudo)
    fi
    apt-cache show postgresql >/dev/null 2>&1 ||
        "${root[@]}" apt-get update -q </dev/null || true  # what is missing is said below
    mapfile -t packages < <(named "$@")
    echo "Installing from Debian: ${packages[*]}"
    # Debian makes and starts a cluster with a first PostgreSQL unless told not to; told only while we install it.
    trap '"${root[@]}" rm -f "$DROP_IN"' EXIT
    "${root[@]}" mkdir -p "$(dirname "$DROP_IN")"
    echo "create_main_cluster = false" | "${root[@]}" tee "$DROP_IN" >/dev/null
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${packages[@]}" </dev/null ||
        stop "That failed. With a network, and fresh lists (apt-get update), this would do it:" \
            "  apt-get install --no-install-recommends ${packages[*]}"
}

check_languages
mapfile -t wanted < <(missing "${1:-}")
[ "${#wanted[@]}" -eq 0 ] && exit 0
command -v apt-get >/dev/null || stop "Please install, in the way of this system: ${wanted[*]}"
install "${wanted[@]}"
