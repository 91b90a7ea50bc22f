#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Brings TinyUSB's sources into the cache: from the system's own apt sources where they have the package, else from a
# newer Debian suite through an apt root of its own. The system's sources and packages stay as they are.
set -euo pipefail

PACKAGE=tinyusb-source
VERSION=0.18
SUITES="trixie sid"
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
cache=${LOTTAVA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lottava}
root=$cache/apt

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
without() {
    say "No USB in the firmware (built as with USB=0), the serial port works all the same: $*"
    exit 0
}

own_apt() {
    apt-get -q -o "Dir=$root" -o "Dir::State::status=$root/status" -o Acquire::Languages=none "$@"
}

# The mirror that this system uses for Debian. Where nobody has updated its lists yet, ours are made from its sources.
debian_mirror() {
    local lists found
    for lists in "" "$root/system-lists"; do
        if [ -n "$lists" ]; then
            mkdir -p "$lists/partial"
            apt-get -q -o "Dir::State::lists=$lists" -o Acquire::Languages=none update >/dev/null || true
        fi
        found=$(apt-get ${lists:+-o "Dir::State::lists=$lists"} indextargets \
            --format '$(REPO_URI)' "Created-By: Packages" "Origin: Debian" | head -n 1)
        if [ -n "$found" ]; then
            echo "$found"
            return
        fi
    done
}

# One source in an apt root of its own.
make_root() {
    local mirror
    mirror=$(debian_mirror)
    [ -n "$mirror" ] && [ -e "$KEYRING" ] || return 1
    mkdir -p "$root"/etc/apt/{apt.conf.d,preferences.d,sources.list.d,trusted.gpg.d} \
        "$root"/var/lib/apt/lists/partial "$root"/var/cache/apt/archives/partial
    : >"$root/status"
    printf 'deb [signed-by=%s] %s %s main\n' "$KEYRING" "$mirror" "$1" >"$root/etc/apt/sources.list"
    own_apt update >/dev/null
}

download() {
    local suite
    if apt-cache show "$PACKAGE=$VERSION*" >/dev/null 2>&1; then
        apt-get -q download "$PACKAGE=$VERSION*" && return
    fi
    for suite in $SUITES; do
        if make_root "$suite" && own_apt download "$PACKAGE=$VERSION*"; then return; fi
    done
    return 1
}

[ -e "$cache/tinyusb/src/tusb.h" ] && exit 0
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || without "this system has no apt to bring TinyUSB."
say "Bringing the sources of TinyUSB $VERSION (Debian package $PACKAGE) into $cache"
mkdir -p "$cache"
work=$(mktemp -d "$cache/tinyusb-XXXXXX")
trap 'rm -rf "$work" "$root"' EXIT
cd "$work"
# Started by root, apt fetches as a user who may not write here, says so and goes on.
download 2>messages || without "no $PACKAGE $VERSION found; apt said: $(tail -n 1 messages)"
dpkg-deb -x ./*.deb unpacked
chmod -R u+w unpacked
found=$(find unpacked -name tusb.h | head -n 1)
[ -n "$found" ] || without "the package holds no tusb.h."
rm -rf "$cache/tinyusb"
mv "$(dirname "$(dirname "$found")")" "$cache/tinyusb"
