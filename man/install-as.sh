#!/bin/sh
# install-as.sh FILE FOLDER NAME [LINK]: install FILE below the prefix as FOLDER/NAME, and LINK to it.
set -eu
folder=$MESON_INSTALL_DESTDIR_PREFIX/$2
install -D -m 644 "$1" "$folder/$3"
[ $# -lt 4 ] || ln -sf "$3" "$folder/$4"
