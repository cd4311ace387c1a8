#!/bin/sh
# The main job on real input, shown: run by `make demo`. Leaves its book in ./demo.db.
set -eu
BIN=${BIN:-.venv/bin}
export DUEBOOK_BOOK=demo.db
PROGRAM=recruiting-eu-jp-2026q1

run() {
    printf '\n$ duebook'
    for word in "$@"; do
        case $word in *' '*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac
    done
    printf '\n'
    "$BIN/duebook" "$@" 2>&1
}

rm -f demo.db demo.db-wal demo.db-shm demo.db.receipts
run init --demo
run record fixtures/demo/01-partners.ndjson fixtures/demo/02-merchants.csv
run report exceptions
run settle $PROGRAM --as-of 2026-02-15 | tail -6
run settle $PROGRAM --as-of 2026-06-30
run publish fixtures/demo/terms-governance.toml --by finance
run settle $PROGRAM --as-of 2026-06-30 | tail -5
run settle $PROGRAM --as-of 2026-06-30 --known-at 1454 | tail -5
run explain $PROGRAM/S-1003 --as-of 2026-06-30
run query "select partner, count(*) as stores from stores group by partner order by 2 desc"
run verify
