#!/bin/sh
# Sees to what building and the demo need on this machine: a PostgreSQL server of version 13 or later (its programs only: no
# server is set up or started), a C compiler for linking, and Rust. With the argument `mariadb`, also to MariaDB. With the
# argument `tests`, also to MariaDB and to the tools with which the tests look at what is delivered for operations: those of
# Prometheus, Alertmanager, Compose, systemd, Python and git.
#
# Installs what is missing where it can: Debian, Ubuntu and their like, as root or with sudo that asks for no password.
# Elsewhere it says what to install, and exits 69. Says nothing when all is there. Rust is never installed, only asked for.
set -eu

oldest_postgres=13
common_conf=/etc/postgresql-common/createcluster.conf
policy=/usr/sbin/policy-rc.d
root_folder=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
PATH=$PATH:/usr/sbin:/sbin:${HOME:-/root}/.cargo/bin

say() { printf 'prerequisites: %s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

can_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

# Whether this folder has a server that is new enough.
has_postgres_in() {
    [ -x "$1/postgres" ] && [ -x "$1/initdb" ] || return 1
    major=$("$1/postgres" --version 2>/dev/null | sed -n 's/^postgres (PostgreSQL) \([0-9]*\).*/\1/p')
    [ "${major:-0}" -ge "$oldest_postgres" ]
}

# The places where the program looks, in its order: see the crate `embedded`.
has_postgres() {
    if [ -n "${CARDGENIUS_POSTGRES_BIN:-}" ]; then
        has_postgres_in "$CARDGENIUS_POSTGRES_BIN" && return
        say "there is no PostgreSQL $oldest_postgres or later in CARDGENIUS_POSTGRES_BIN=$CARDGENIUS_POSTGRES_BIN"
        exit 69
    fi
    for folder in /usr/lib/postgresql/*/bin; do
        has_postgres_in "$folder" && return
    done
    for program in postgres initdb; do
        found=$(command -v "$program") || continue
        has_postgres_in "$(dirname -- "$(readlink -f -- "$found")")" && return
    done
    command -v pg_config >/dev/null && has_postgres_in "$(pg_config --bindir)"
}

# What is started or asked beside PostgreSQL: the program that must be there, and Debian's package that brings it. Python counts
# as present when it can make a virtual environment.
mariadb_tools='mariadbd:mariadb-server mariadb:mariadb-client'
test_tools="$mariadb_tools promtool:prometheus prometheus:prometheus prometheus-alertmanager:prometheus-alertmanager
    amtool:prometheus-alertmanager docker-compose:docker-compose systemd-analyze:systemd python3:python3-venv git:git"

has_tool() {
    command -v "$1" >/dev/null || return 1
    [ "$1" != python3 ] || python3 -c 'import ensurepip, venv' 2>/dev/null
}

# Which packages are missing of those that this script's argument asks for.
missing_packages() {
    for pair in $tools; do
        has_tool "${pair%%:*}" || echo "${pair#*:}"
    done | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# Sets the undoing of what keeps packages from setting up and starting servers: it runs however this script ends.
backup=
policy_made=
restore() {
    if [ -n "$backup" ]; then as_root cp -p "$backup" "$common_conf"; as_root rm -f "$backup"; backup=; fi
    if [ -n "$policy_made" ]; then as_root rm -f "$policy"; policy_made=; fi
}

# Until `restore`, no package starts a service when it is installed.
start_nothing() {
    trap restore EXIT
    trap 'exit 130' INT TERM
    [ ! -e "$policy" ] || return 0
    policy_made=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
        install -y --no-install-recommends "$@" >&2
}

apt_update() {
    as_root apt-get -qq -o DPkg::Lock::Timeout=300 update >&2 || say "the package lists could not be renewed; going on with the old ones"
}

# The version that apt would install of a package; empty if it knows none.
candidate() { apt-cache policy "$1" | sed -n 's/^ *Candidate: \([0-9].*\)/\1/p'; }

postgres_package() {
    major=$(candidate postgresql | sed 's/[^0-9].*//')
    if [ "${major:-0}" -ge "$oldest_postgres" ]; then
        echo postgresql
        return
    fi
    newest=$(apt-cache search --names-only '^postgresql-[0-9]+$' | sed 's/^postgresql-\([0-9]*\) .*/\1/' | sort -n | tail -n 1)
    [ "${newest:-0}" -ge "$oldest_postgres" ] || return 1
    echo "postgresql-$newest"
}

install_postgres() {
    package=$(postgres_package) || {
        say "this machine's package sources have no PostgreSQL $oldest_postgres or later; add one that has, and install its server"
        exit 69
    }
    start_nothing
    # First the part that holds the setting, then the server that heeds it while it is installed.
    apt_install postgresql-common
    backup=$common_conf.cardgenius
    as_root cp -p "$common_conf" "$backup"
    as_root sed -i '/^[# ]*create_main_cluster/d' "$common_conf"
    echo 'create_main_cluster = false' | as_root tee -a "$common_conf" >/dev/null
    apt_install "$package"
    restore
}

install_packages() {
    start_nothing
    # shellcheck disable=SC2046 # one word a package
    apt_install $(missing_packages)
    restore
}

check_rust() {
    wanted=$(sed -n 's/^rust-version = "\([0-9.]*\)".*/\1/p' "$root_folder/Cargo.toml")
    found=$(cd "$root_folder" && rustc --version 2>/dev/null | sed 's/^rustc \([0-9]*\.[0-9]*\).*/\1/') || found=
    if ! command -v cargo >/dev/null || [ -z "$found" ]; then
        say "Rust is missing: install version $wanted or later, for example with rustup"
        exit 69
    fi
    if [ "${found%%.*}" -lt "${wanted%%.*}" ] ||
        { [ "${found%%.*}" -eq "${wanted%%.*}" ] && [ "${found#*.}" -lt "$(echo "$wanted" | cut -d. -f2)" ]; }; then
        say "Rust $found is too old: version $wanted or later is needed, for example by \`rustup update stable\`"
        exit 69
    fi
}

case "${1:-}" in
'') tools= ;;
mariadb) tools=$mariadb_tools ;;
tests) tools=$test_tools ;;
*) say "unknown argument: $1 (nothing, \`mariadb\` or \`tests\`)"; exit 64 ;;
esac

missing=
has_postgres || missing="PostgreSQL $oldest_postgres or later (Debian, Ubuntu: postgresql; Fedora, RHEL: postgresql-server)"
command -v cc >/dev/null || missing="${missing:+$missing, and }a C compiler (Debian, Ubuntu: gcc libc6-dev; Fedora, RHEL: gcc)"
packages=$(missing_packages)
[ -z "$packages" ] || missing="${missing:+$missing, and }the packages (Debian's names): $packages"

if [ -n "$missing" ]; then
    if ! can_install; then
        say "missing: $missing"
        say "it can be installed from here only with apt-get, as root or with a sudo that asks for no password; install it by hand"
        exit 69
    fi
    say "installing: $missing"
    apt_update
    command -v cc >/dev/null || apt_install gcc libc6-dev
    has_postgres || install_postgres
    [ -z "$packages" ] || install_packages
    packages=$(missing_packages)
    if ! has_postgres || ! command -v cc >/dev/null || [ -n "$packages" ]; then
        say "still missing after the installation: $missing"
        exit 69
    fi
fi
check_rust
