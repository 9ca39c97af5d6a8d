#!/bin/sh
# Every quick suite on a release build, then the unit and parser tests again under ASan and UBSan.
# The last line counts what ran.
set -u
passed=0 failed=0 skipped=0

# run NAME DIR [meson test options]
run() {
    name=$1 dir=$2
    shift 2
    mkdir -p out
    log=out/test-$name.log
    tests/with-servers.sh meson test -C "$dir" --no-rebuild --print-errorlogs "$@" >"$log" 2>&1
    status=$?
    count() { sed -n "s/^$1: *\([0-9][0-9]*\).*/\1/p" "$log" | tail -n 1; }
    ok=$(count Ok) bad=$(count Fail) skip=$(count Skipped) late=$(count Timeout)
    ok=${ok:-0} bad=$((${bad:-0} + ${late:-0})) skip=${skip:-0}
    if [ $status -ne 0 ]; then
        cat "$log"
        [ $bad -gt 0 ] || bad=1
    fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
    echo "$name: $ok passed, $bad failed, $skip skipped (out/test-$name.log)"
}

if ! scripts/build.sh build; then
    echo "0 passed, 1 failed"
    exit 1
fi
# Generous limits: a test that hangs is stopped, a slow machine fails nothing.
run release build --no-suite soak --timeout-multiplier 6
export ASAN_OPTIONS=detect_leaks=1
export LSAN_OPTIONS=suppressions=$PWD/scripts/leaks.supp:print_suppressions=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
if scripts/build.sh build-asan -Dbuildtype=debugoptimized -Db_sanitize=address,undefined; then
    run sanitized build-asan --suite unit --suite parser --timeout-multiplier 12
else
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
