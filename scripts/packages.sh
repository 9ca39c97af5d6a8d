#!/bin/sh
# Debian packages that the project needs, by purpose, and their installation.
#
#   scripts/packages.sh build|check|deb|gallery...   installs what is missing of those groups
#
# Nothing is done, and no network is asked, when all are there.  Without root and sudo the one line to
# run is printed and the script ends with 4.
set -eu

group() {
    case $1 in
    build) echo gcc libc6-dev make meson ninja-build pkg-config libglib2.0-dev libyaml-dev \
        libjansson-dev libsndfile1-dev libebur128-dev libsoxr-dev libfluidsynth-dev libxml2-dev \
        libhyphen-dev hyphen-en-us fluid-soundfont-gm libsqlite3-dev libpq-dev libhiredis-dev \
        libsodium-dev zlib1g-dev libzstd-dev libcurl4-openssl-dev libseccomp-dev \
        libunistring-dev ;;
    check) echo libasan8 libubsan1 libsimde-dev python3 jq midicsv abcmidi libxml2-utils ffmpeg sox flac \
        fluidsynth curl strace postgresql redis-server node-llhttp ;;
    gallery) echo python3 python3-numpy python3-matplotlib sox ffmpeg ;;
    bench) echo python3 fluidsynth flac time wrk nginx-light libmicrohttpd-dev ;;
    measure) echo python3 python3-numpy python3-matplotlib aubio-tools ;;
    fuzz) echo clang llvm libclang-rt-14-dev ;;
    sanitize) echo clang llvm libclang-rt-14-dev valgrind ;;
    deb) echo debhelper dpkg-dev fakeroot ;;
    *) echo "packages.sh: unknown group $1" >&2; exit 2 ;;
    esac
}

if ! command -v dpkg-query >/dev/null; then
    echo "not a Debian system: install the equivalents of: $(for g in "$@"; do group "$g"; done)" >&2
    exit 0
fi

missing=
for g in "$@"; do
    for p in $(group "$g"); do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)
        [ "$state" = installed ] || missing="$missing $p"
    done
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    as_root=sudo
else
    echo "These packages are missing. As root, run:" >&2
    echo "  apt-get install --no-install-recommends$missing" >&2
    exit 4
fi

mkdir -p out
echo "installing:$missing"
install() {
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends $missing </dev/null
}
# Lists first when they have never been fetched; a second try with fresh lists when they are stale.
if ! ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1; then
    $as_root apt-get update >out/packages.log 2>&1 || true
fi
if ! install >>out/packages.log 2>&1; then
    $as_root apt-get update >>out/packages.log 2>&1 || true
    if ! install >>out/packages.log 2>&1; then
        tail -n 20 out/packages.log >&2
        echo "the packages could not be installed (whole log: out/packages.log). The line was:" >&2
        echo "  apt-get install --no-install-recommends$missing" >&2
        exit 4
    fi
fi
