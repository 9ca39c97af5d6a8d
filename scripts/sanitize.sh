#!/bin/sh
# The longer proofs of cleanliness: clang with ASan and UBSan on everything, TSan on the threaded rooms,
# valgrind on the unit tests of the rooms that render little.
set -u
status=0
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export LSAN_OPTIONS=suppressions=$PWD/scripts/leaks.supp:print_suppressions=0

# tests_of DIR PATTERN: names of tests in this process or of the service
tests_of() {
    meson test -C "$1" --no-rebuild --list --suite unit --suite db --suite http 2>/dev/null | sed 's/.* \/ //' | grep -E "$2"
}

CC=clang scripts/build.sh build-clang -Dbuildtype=debugoptimized -Db_lundef=false \
    -Db_sanitize=address,undefined || exit 1
echo "== clang, ASan and UBSan, all quick suites"
meson test -C build-clang --no-rebuild --no-suite soak --timeout-multiplier 6 \
    --print-errorlogs -q || status=1

CC=clang scripts/build.sh build-tsan -Dbuildtype=debugoptimized -Db_lundef=false \
    -Db_sanitize=thread || exit 1
echo "== TSan on audio, synth, engine, http, cache, files, store, jobs, api, serve and worker"
G_SLICE=always-malloc TSAN_OPTIONS=suppressions=$PWD/scripts/threads.supp:exitcode=66 \
    meson test -C build-tsan --no-rebuild --timeout-multiplier 10 --print-errorlogs -q \
    $(tests_of build-tsan '^(synth|engine|audio|http|cache|files|store|jobs|api|cli)') || status=1

scripts/build.sh build || exit 1
echo "== valgrind on base, score, brief, compose, audio"
G_SLICE=always-malloc meson test -C build --no-rebuild --timeout-multiplier 40 --print-errorlogs -q \
    --wrap "valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite --suppressions=$PWD/scripts/valgrind.supp" \
    $(tests_of build '^(base|score|brief|compose|audio)') || status=1
exit $status
