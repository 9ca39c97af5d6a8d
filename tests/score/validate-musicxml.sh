#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# validate-musicxml.sh SCORE-CONVERT [SEEDS] [FILE...]
# Validates MusicXML of random scores (and of given files) against the official MusicXML 4.0 schema
# with xmllint, without network.  The schema may not be distributed with this program: it is looked
# for in $MUSICXML_XSD, the usual folders, and installed Python packages ("musicxml").  Exit 77
# (skipped) when it or xmllint is missing.
set -eu
convert=$1; seeds=${2:-12}; shift; [ $# -gt 0 ] && shift
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

find_schema() {
    for f in "${MUSICXML_XSD:-}" /usr/share/musicxml/musicxml.xsd /usr/share/xml/musicxml/musicxml.xsd \
             /usr/share/xml/musicxml/4.0/musicxml.xsd "$HOME/.cache/tunesmith/musicxml.xsd"; do
        if [ -n "$f" ] && [ -f "$f" ]; then echo "$f"; return; fi
    done
    python3 - 2>/dev/null <<'PY' || true
import glob, site, sys
for folder in site.getsitepackages() + [site.getusersitepackages()] + sys.path:
    for path in glob.glob(folder + "/musicxml/**/musicxml_4_0.xsd", recursive=True):
        print(path); sys.exit()
PY
}
command -v xmllint >/dev/null || { echo "skipped: xmllint is not installed (Debian: libxml2-utils)"; exit 77; }
schema=$(find_schema)
[ -n "$schema" ] || { echo "skipped: musicxml.xsd not found; set MUSICXML_XSD to the MusicXML 4.0 schema, or pip install musicxml"; exit 77; }

# The two schemas that it imports from the network are replaced by files beside this script.
sed -e "s#schemaLocation=\"[^\"]*xlink.xsd\"#schemaLocation=\"file://$here/xlink.xsd\"#" \
    -e "s#schemaLocation=\"[^\"]*xml.xsd\"#schemaLocation=\"file://$here/xml.xsd\"#" "$schema" > "$work/musicxml.xsd"
bad=0; n=0
check() {
    n=$((n + 1))
    xmllint --nonet --noout --schema "$work/musicxml.xsd" "$1" > "$work/log" 2>&1 && return
    bad=$((bad + 1)); head -5 "$work/log"
}
for seed in $(seq "$seeds"); do
    "$convert" random "$seed" "$work/$seed.musicxml"
    check "$work/$seed.musicxml"
done
for file in "$@"; do check "$file"; done
# A schema that accepts everything would prove nothing.
sed 's#<divisions>#<divisionz>#; s#</divisions>#</divisionz>#' "$work/1.musicxml" > "$work/broken.xml"
if xmllint --nonet --noout --schema "$work/musicxml.xsd" "$work/broken.xml" 2>/dev/null; then
    echo "the schema accepts a broken file"; bad=$((bad + 1))
fi
echo "$n files validated against $schema, $bad not valid"
[ "$bad" -eq 0 ]
