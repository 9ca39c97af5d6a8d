#!/bin/sh
# Check the samples in this folder as far as the tools on this machine can.  0: nothing wrong.
set -u
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
missing() { echo "skipped: $1 is not installed ($2)"; }
run() {
    what=$1
    shift
    if "$@" >"$work/log" 2>&1; then echo "ok: $what"; else
        echo "WRONG: $what"
        sed 's/^/    /' "$work/log"
        bad=1
    fi
}

openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=music.example \
    -keyout "$work/key.pem" -out "$work/fullchain.pem" >/dev/null 2>&1
cat "$work/fullchain.pem" "$work/key.pem" >"$work/site.pem"

if command -v yamllint >/dev/null; then
    run "YAML" yamllint -s -c .yamllint compose kubernetes
else missing yamllint "compose, Kubernetes"; fi

if /usr/bin/python3 -c 'import yaml' 2>/dev/null; then
    for f in compose/compose.yaml kubernetes/*.yaml; do
        run "$f can be read" /usr/bin/python3 -c \
            'import sys, yaml; assert all(yaml.safe_load_all(open(sys.argv[1])))' "$f"
    done
else missing python3-yaml "reading of compose and Kubernetes"; fi

if command -v nginx >/dev/null; then
    for f in nginx/tunesmith.conf compose/nginx.conf; do
        sed -e "s#/etc/ssl/tunesmith#$work#" "$f" >"$work/site.conf"
        printf 'pid %s/pid;\nerror_log stderr;\nevents {}\nhttp { access_log off; include %s/site.conf; }\n' \
            "$work" "$work" >"$work/nginx.conf"
        run "$f" nginx -t -q -c "$work/nginx.conf"
    done
else missing nginx "nginx samples"; fi

if command -v haproxy >/dev/null; then
    sed -e "s#/etc/ssl/tunesmith#$work#" haproxy/haproxy.cfg >"$work/haproxy.cfg"
    run haproxy/haproxy.cfg haproxy -c -q -f "$work/haproxy.cfg"
else missing haproxy "its sample"; fi

if command -v systemd-analyze >/dev/null; then
    mkdir -p "$work/units" "$work/bin"
    printf '#!/bin/sh\n' >"$work/bin/tunesmith"
    chmod +x "$work/bin/tunesmith"
    for f in systemd/*; do sed "s#/usr/bin/tunesmith#$work/bin/tunesmith#" "$f" >"$work/units/${f##*/}"; done
    run "systemd units" systemd-analyze verify --man=no "$work"/units/*
else missing systemd-analyze "the units"; fi
exit $bad
