#!/bin/sh
# Print the Python that has the modules named: Debian's own before another that may lie first in PATH.
#   $(scripts/python.sh numpy matplotlib) program.py
set -eu
for python in ${PYTHON:-} /usr/bin/python3 python3; do
    found=yes
    for module in "$@"; do
        "$python" -c "import $module" 2>/dev/null || found=
    done
    if [ -n "$found" ]; then
        echo "$python"
        exit 0
    fi
done
echo "no Python 3 with: $*" >&2
exit 4
