#!/bin/sh
# install-as.sh FILE FOLDER NAME: install FILE below the prefix as FOLDER/NAME.
set -eu
install -D -m 644 "$1" "$MESON_INSTALL_DESTDIR_PREFIX/$2/$3"
