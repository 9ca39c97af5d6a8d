#!/bin/sh
# A Debian package of the working tree, in out/.
set -eu
mkdir -p out
top=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n "s/^  version: '\(.*\)',/\1/p" meson.build)
mkdir "$work/tunesmith-$version"
git ls-files -z | xargs -0 cp --parents -t "$work/tunesmith-$version"
cd "$work/tunesmith-$version"
cp -r packaging/debian debian
if ! dpkg-buildpackage -us -uc -b >"$top/out/deb.log" 2>&1; then
    tail -n 30 "$top/out/deb.log" >&2
    exit 1
fi
cp ../*.deb "$top/out/"
cd "$top"
ls out/*.deb
