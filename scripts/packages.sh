# shellcheck shell=bash
# The Debian 12 packages of this project, in one place. To be sourced.
# shellcheck disable=SC2034  # the lists are used by those who source this file

# The Boost that Debian 12 calls libboost-dev is too old.
if grep -q '^VERSION_ID="12"' /etc/os-release 2>/dev/null; then
    boost=libboost1.81-dev
else
    boost=libboost-dev
fi
BUILD_PACKAGES=(
    cmake ninja-build g++ pkg-config
    "$boost" libc-ares-dev libcli11-dev libhiredis-dev libspdlog-dev libssl-dev libyaml-cpp-dev
    nlohmann-json3-dev prometheus-cpp-dev doctest-dev
)
# What the lab starts, and what it is written in.
RUN_PACKAGES=(haproxy nutcracker redis-server redis-sentinel redis-tools python3 python3-redis)
# Network namespaces with cables that can be cut, and the chart of what each failure costs.
DRILL_PACKAGES=(iproute2 nftables python3-matplotlib)
# A browser for the status page; Prometheus for alerts and dashboard, which is never run as a service.
PAGE_PACKAGES=(chromium chromium-driver python3-selenium prometheus)
# What makes the pictures of the documents small.
PICTURE_PACKAGES=(pngquant)
TEST_PACKAGES=(python3-pytest python3-yaml dnsmasq-base clang-format iproute2 nftables openssl lua5.3 lua-busted lua-check
    "${PAGE_PACKAGES[@]}")
FUZZ_PACKAGES=(clang libclang-rt-14-dev llvm-14)  # libFuzzer and the sanitizers of clang, and llvm-cov
BENCH_PACKAGES=(libbenchmark-dev)
PACKAGE_PACKAGES=(dpkg-dev file gzip python3)  # what makes a .deb
# What looks at it: in a clean root, and with the tools that judge it.
PACKAGE_TEST_PACKAGES=(debootstrap lintian mandoc selinux-policy-dev systemd systemd-container zsh)
# An engine and Compose for scripts/test-docker, and what makes the base image without a registry.
DOCKER_PACKAGES=(docker.io docker-compose debootstrap iptables)

# Runs a command as root: directly, or through sudo.
as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "root is needed for: $*; run this as root, or install sudo" >&2
        return 1
    fi
}

# Prints those of the given packages that are not installed.
missing_packages() {
    local package
    for package in "$@"; do
        if [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
            echo "$package"
        fi
    done
}

# Installs those of the given packages that are missing; does nothing, and needs no root, when none
# is. The services they bring (redis-server on 6379, for one) are not started.
install_packages() {
    if ! command -v apt-get >/dev/null; then
        echo "no apt-get here; install what Debian 12 calls: $*" >&2
        return 1
    fi
    local missing
    mapfile -t missing < <(missing_packages "$@")
    if [[ ${#missing[@]} -eq 0 ]]; then
        return 0
    fi
    echo "Installing ${missing[*]} ..."
    (
        # Debian asks this program whether a service may start; 101 means no.
        policy=/usr/sbin/policy-rc.d
        if [[ ! -e $policy ]]; then
            trap 'as_root rm -f "$policy"' EXIT
            printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null || exit 1
            as_root chmod 755 "$policy" || exit 1
        fi
        as_root apt-get -qq update || exit 1
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -qq --yes --no-install-recommends "${missing[@]}"
    )
}
