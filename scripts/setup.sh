#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Brings what a make target needs: setup.sh [python] [compiler] [usb] [npm] [dfu] [cppcheck] [kicad] [quality]. Says what it installs first; quick when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

TORCH="torch==2.13.0"
AISFX="aisfx==0.1.2"
say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

find_python() {
    local name
    for name in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        if [ -n "$name" ] && command -v "$name" >/dev/null \
            && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

can_make_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }
compiles_for_arm() { echo '#include <string.h>' | arm-none-eabi-gcc -x c -fsyntax-only - 2>/dev/null; }

install_debian() {
    [ $# -eq 0 ] && return
    command -v apt-get >/dev/null || die "this needs the packages: $*. No apt-get here: install them by your system's own means, then run again."
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "ask an administrator for:  apt-get install $*"
        root=(sudo)
    fi
    say "Installing Debian packages: $*"
    # An update that fails for one source must not stop an install that the others can serve.
    "${root[@]}" apt-get update -q || say "apt-get update reported a problem; trying the installation all the same"
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

system_packages() {
    local missing=() need python
    for need in "$@"; do
        case $need in
            python)
                python=$(find_python)
                if [ -z "$python" ]; then
                    missing+=(python3 python3-venv)
                elif [ ! -x .venv/bin/python ] && ! can_make_venv "$python"; then
                    missing+=(python3-venv)
                fi
                ;;
            compiler)
                command -v make >/dev/null || missing+=(make)
                command -v gcc >/dev/null || missing+=(gcc)
                command -v g++ >/dev/null || missing+=(g++)
                command -v arm-none-eabi-gcc >/dev/null || missing+=(gcc-arm-none-eabi)
                compiles_for_arm || missing+=(libnewlib-arm-none-eabi)
                ;;
            dfu) command -v dfu-util >/dev/null || missing+=(dfu-util) ;;
            cppcheck) command -v cppcheck >/dev/null || missing+=(cppcheck) ;;
            npm) command -v npm >/dev/null || missing+=(npm) ;;
            quality) command -v g++ >/dev/null || missing+=(g++) ;; # ViSQOL's LIBSVM comes as source
            usb | kicad) ;; # scripts/tinyusb.sh, scripts/kicad.sh
            *) die "unknown need '$need': python, compiler, usb, npm, dfu, cppcheck, kicad, quality" ;;
        esac
    done
    install_debian "${missing[@]}"
}

python_packages() {
    local python stamp
    python=$(find_python)
    [ -n "$python" ] || die "no Python 3.11 or newer found. Install one, or name it:  make PYTHON=/path/to/python3"
    stamp=.venv/.ready-$(cat pyproject.toml scripts/setup.sh | sha256sum | cut -c1-16)
    [ -e "$stamp" ] && return
    if [ ! -x .venv/bin/python ]; then
        say "Creating .venv with $("$python" --version)"
        "$python" -m venv .venv
    fi
    say "Installing Python packages into .venv: $TORCH, then lottava with [train,bench,cmsis,emulator,hardware,dev] (about 2 GB, some minutes)"
    # torch goes first and pinned: an open range would take a build with several GB of CUDA packages.
    # shellcheck disable=SC2086
    .venv/bin/pip install -q --disable-pip-version-check ${PIP_ARGS:-} "$TORCH"
    # shellcheck disable=SC2086
    .venv/bin/pip install -q --disable-pip-version-check ${PIP_ARGS:-} -e '.[train,bench,cmsis,emulator,hardware,dev]'
    if .venv/bin/pip list --disable-pip-version-check 2>/dev/null | grep -q '^nvidia-'; then
        say "Warning: nvidia-* packages landed in .venv; they are not needed and take several GB."
        say "  For a CPU-only torch pass its index:  make demo PIP_ARGS='--extra-index-url <the CPU index named on pytorch.org>'"
    fi
    rm -f .venv/.ready-*
    touch "$stamp"
}

quality_packages() {
    [ -x .venv/bin/python ] || die "the packages for measures of quality go into .venv:  scripts/setup.sh python quality"
    .venv/bin/pip show -q aisfx visqol-python 2>/dev/null && return
    local wanted
    wanted=$(sed -n 's/^quality = \["\(.*\)"\]/\1/p' pyproject.toml)
    say "Installing packages that judge sounds into .venv: $wanted and $AISFX (about 28 MB)"
    # aisfx names NumPy 1.23 and librosa 0.9; only its weights are read, so it comes without what it names.
    # shellcheck disable=SC2086
    .venv/bin/pip install -q --disable-pip-version-check ${PIP_ARGS:-} --no-deps "$AISFX"
    # shellcheck disable=SC2086
    .venv/bin/pip install -q --disable-pip-version-check ${PIP_ARGS:-} "$wanted"
}

system_packages "$@"
case " $* " in *" python "*) python_packages ;; esac
case " $* " in *" quality "*) quality_packages ;; esac
case " $* " in *" usb "*) [ "${USB:-1}" = 0 ] || scripts/tinyusb.sh ;; esac
case " $* " in *" kicad "*) scripts/kicad.sh ;; esac
