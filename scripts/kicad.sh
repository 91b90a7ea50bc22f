#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Brings KiCad 9 or newer, ngspice and poppler: from the system's own apt sources where they have them, else from Debian's
# backports, whose lists lie in the cache; the system's sources stay as they are. Then .venv-kicad, which sees KiCad's Python.
set -euo pipefail
cd "$(dirname "$0")/.."

NEEDED=9
PACKAGES=(kicad kicad-symbols kicad-footprints ngspice poppler-utils python3-venv)
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
cache=${LOTTAVA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lottava}
root=$cache/apt-kicad

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
die() {
    printf 'setup: %s\n' "$*" >&2
    printf 'setup: only make hardware, make hardware-check and make fab need KiCad; all else works without.\n' >&2
    exit 1
}

major() { [[ ${1#*:} =~ ^([0-9]+)\. ]] && echo "${BASH_REMATCH[1]}" || echo 0; }
has_kicad() { command -v kicad-cli >/dev/null && [ "$(major "$(kicad-cli version 2>/dev/null)")" -ge "$NEEDED" ]; }
has_libraries() { [ -d /usr/share/kicad/footprints ] && [ -d /usr/share/kicad/symbols ]; }
has_tools() { command -v ngspice >/dev/null && command -v pdftoppm >/dev/null; }
has_python() { /usr/bin/python3 -c 'import ensurepip, pcbnew, venv' >/dev/null 2>&1; }

# Our sources, our lists; the packages themselves go where apt always puts them.
lists=(-o "Dir::Etc::SourceList=$root/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$root/lists"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Acquire::Languages=none)
candidate() { apt-cache "$@" policy kicad 2>/dev/null | sed -n 's/^ *Candidate: //p'; }

debian_mirror() {
    { apt-get indextargets --format '$(REPO_URI)' "Created-By: Packages" "Origin: Debian"
      sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources; awk '$1 == "deb" { print $2 }' /etc/apt/sources.list
    } 2>/dev/null | grep -v security | grep debian | head -n 1
}

from_backports() {
    local mirror codename
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    mirror=$(debian_mirror || true)
    [ -n "$mirror" ] && [ -n "$codename" ] && [ -e "$KEYRING" ] \
        || die "KiCad $NEEDED is not in this system's packages, and this is no Debian with backports. Install it from kicad.org."
    mkdir -p "$root/lists/partial"
    printf "deb [signed-by=$KEYRING] $mirror %s main\n" "$codename" "$codename-updates" "$codename-backports" >"$root/sources.list"
    "${sudo[@]}" apt-get "${lists[@]}" -q update >/dev/null || die "the lists of $codename-backports could not be had from $mirror."
    [ "$(major "$(candidate "${lists[@]}" -t "$codename-backports")")" -ge "$NEEDED" ] \
        || die "$codename-backports holds no KiCad $NEEDED. Install it from kicad.org."
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${lists[@]}" install -y -q --no-install-recommends \
        -t "$codename-backports" "${PACKAGES[@]}" || die "apt-get could not install: ${PACKAGES[*]}"
}

install_packages() {
    command -v apt-get >/dev/null || die "KiCad $NEEDED, ngspice and poppler's pdftoppm are needed; no apt-get here: install them by your system's own means."
    sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "ask an administrator for KiCad $NEEDED (on Debian 12: from bookworm-backports), ngspice and poppler-utils."
        sudo=(sudo)
    fi
    say "Installing ${PACKAGES[*]} (about 130 MB to fetch, 1.3 GB on disk)"
    if [ "$(major "$(candidate)")" -ge "$NEEDED" ]; then
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${PACKAGES[@]}"
    else
        from_backports
    fi
    has_kicad && has_python || die "KiCad is installed, but kicad-cli or its Python module (import pcbnew in /usr/bin/python3) does not start."
}

kicad_python() {
    local stamp wanted
    wanted=$(sed -n 's/^kicad = \["\(.*\)"\]/\1/p' pyproject.toml)
    stamp=.venv-kicad/.ready-$(printf '%s' "$wanted" | cat - scripts/kicad.sh | sha256sum | cut -c1-16)
    [ -e "$stamp" ] && return
    say "Creating .venv-kicad: $(/usr/bin/python3 --version) with KiCad's module and InteractiveHtmlBom"
    /usr/bin/python3 -m venv --clear --system-site-packages .venv-kicad
    # shellcheck disable=SC2086
    .venv-kicad/bin/pip install -q --disable-pip-version-check ${PIP_ARGS:-} \
        "$wanted"
    touch "$stamp"
}

has_kicad && has_libraries && has_tools && has_python || install_packages
kicad_python
