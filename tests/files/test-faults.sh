#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# test-faults.sh STORE-ONE: each system call on the way of a file into the store fails once, with each error that
# fits.  Then either the file is there, whole, and was said to be; or an error was said, and neither a file nor
# a temporary one is left.  Wants strace and leave to trace.
set -u
store=$1
hash=2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
folder=$(mktemp -d /tmp/tune-faults-XXXXXX)
trap 'rm -rf "$folder"' EXIT
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" # the leak check cannot be traced

if ! strace -o /dev/null true 2>/dev/null; then
    echo "1..0 # SKIP there is no strace, or tracing is not allowed"
    exit 0
fi

n=0
check() { # stops|goes-on CALL ERROR NUMBER
    expected=$1
    shift
    n=$((n + 1))
    rm -rf "$folder/store"
    "$store" "$folder/store" >/dev/null # the folders are there
    rm -f "$folder/store/2c/$hash"
    strace -f -o "$folder/trace" -e "trace=$1" -e "inject=$1:error=$2:when=$3" \
        "$store" "$folder/store" >"$folder/out" 2>"$folder/err"
    status=$?
    left=$(ls "$folder/store/tmp" | wc -l)
    what="$1 fails with $2 (call $3)"
    if [ $expected = goes-on ] && [ $status -eq 0 ] && [ "$(cat "$folder/out")" = $hash ] &&
        [ "$(sha256sum <"$folder/store/2c/$hash" | cut -c 1-64)" = $hash ] && [ "$left" = 0 ]; then
        echo "ok $n $what: stored"
    elif [ $expected = stops ] && [ $status -eq 1 ] && [ -s "$folder/err" ] && [ "$left" = 0 ] &&
        { [ ! -e "$folder/store/2c/$hash" ] || [ "$1" = fsync ]; }; then
        echo "ok $n $what: $(head -n 1 "$folder/err")"
    else
        echo "not ok $n $what: status $status, $left left: $(cat "$folder/out" "$folder/err")"
    fi
}

echo "1..21"
for call in write fsync; do
    for error in EIO ENOSPC EDQUOT; do
        check stops $call $error 1
    done
done
check goes-on write EINTR 1
check stops fsync EIO 2 # of the folder: the file is there and whole, but nobody is told so
check stops fsync ENOSPC 2
for error in EIO ENOSPC EACCES; do
    check stops renameat2 $error 1
done
check goes-on renameat2 EINVAL 1 # a file system without RENAME_NOREPLACE
check stops mkdirat EACCES 1
check stops mkdirat ENOSPC 2
check stops mkdirat EROFS 3
check goes-on fstatfs EIO 1
check goes-on flock ENOLCK 1
check goes-on flock EINTR 1
check goes-on getdents64 EIO 1
check goes-on getdents64 EIO 3
