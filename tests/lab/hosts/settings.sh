# settings.sh: where the lab keeps what, for every script beside it (sourced, never run). Not the place for work.
# shellcheck shell=bash disable=SC2034

HOSTS_SRC=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
LAB_SRC=$(dirname "$HOSTS_SRC")
DPP_LAB=$(realpath -m "${DPP_LAB:-$LAB_SRC/../../.lab}")
CACHE=$(realpath -m "${DPP_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dppctl-lab}")
KEYS=$DPP_LAB/keys
RUN=${DPP_LAB_RUN:-default}
RUN_DIR=$DPP_LAB/runs/$RUN
# one folder for each run on this machine, named by its number: bridge labN, subnet 10.77.N.0/24, cgroup labN, nft table labN
REGISTRY=/run/dppctl-lab
CGROUPS=/sys/fs/cgroup
[ ! -d /sys/fs/cgroup/unified ] || CGROUPS=/sys/fs/cgroup/unified

die() {
    echo "lab: $*" >&2
    exit 1
}

need_root() { [ "$(id -u)" = 0 ] || die "hosts need namespaces, mounts and a bridge: run as root"; }

# the number of this run; dies when there is none
run_number() { cat "$RUN_DIR/number" 2>/dev/null || die "run '$RUN' has no hosts in $DPP_LAB (lab up NAME...)"; }

# host_dir NAME: its folder; dies when there is no such host
host_dir() {
    [ -n "${1:-}" ] || die "which host? (lab list names them)"
    [ -d "$RUN_DIR/hosts/$1" ] || die "no host '$1' in run '$RUN' (lab list names them)"
    echo "$RUN_DIR/hosts/$1"
}

# host_pid DIR: the machine's process id of the host's init, when it is alive
host_pid() {
    local pid
    pid=$(cat "$1/pid" 2>/dev/null) && [ "$(readlink "/proc/$pid/ns/pid" 2>/dev/null)" = "$(cat "$1/pidns" 2>/dev/null)" ] && echo "$pid"
}

# hardware_address NUMBER IP: that of an interface, of a host or the bridge; the same whatever comes and goes
hardware_address() { printf '02:4c:41:42:%02x:%02x' "$1" "${2##*.}"; }

# the Debian archive this machine itself uses
debian_archive() {
    local uri
    uri=$(sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | grep '/debian/\{0,1\}$' | head -1)
    uri=${uri:-http://deb.debian.org/debian}
    echo "${uri%/}"
}

# apt_sources SUITE: sources.list lines for it
apt_sources() {
    local archive
    archive=$(debian_archive)
    printf 'deb %s %s main\n' "$archive" "$1" "$archive" "$1-updates" "$archive-security" "$1-security"
}

# what this machine's apt was told about proxies and certificates
apt_settings() { apt-config dump | grep -E '^Acquire::(http|https|Check-[A-Za-z-]+|Retries)(::| )' || true; }
