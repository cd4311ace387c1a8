#!/bin/sh
# A guided tour on real input, run by `make demo`: for each step what happens, the command, and the
# lines of its answer that matter. Leaves the book in ./demo.db and a page in ./demo-quarter.html.
set -eu
BIN=${BIN:-.venv/bin}
export DUEBOOK_BOOK=demo.db
PAGE=demo-quarter.html
QUARTER=recruiting-eu-jp-2026q1
DATA=fixtures/demo
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

step() {
    printf '\n%s\n' "$1"
}

# What lines to show of the answer, at most three (none: ""), without the branches of a tree before
# them; and the command. An answer without them, or a command that fails, ends the tour; 3 is no
# failure: differences were found.
show() {
    lines=$1
    shift
    printf '  $ duebook'
    for word in "$@"; do
        case $word in *' '*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac
    done
    printf '\n'
    code=0
    "$BIN/duebook" "$@" >"$answer" 2>&1 </dev/null || code=$? # nobody is asked
    if [ "$code" -ne 0 ] && [ "$code" -ne 3 ]; then
        cat "$answer" >&2
        exit "$code"
    fi
    [ -n "$lines" ] || return 0
    grep -E -m 3 "$lines" "$answer" | sed 's/^[^[:alnum:]-]*/  /' >"$answer.shown"
    if [ ! -s "$answer.shown" ]; then
        cat "$answer" >&2
        exit 1
    fi
    cat "$answer.shown"
    rm "$answer.shown"
}

# What there is to look at or to do afterwards: a place or a command, and what it is.
look() {
    printf '  %-52s  %s\n' "$1" "$2"
}

rm -rf demo.db demo.db-wal demo.db-shm demo.db.receipts demo.db.secrets demo.db.orders "$PAGE"

step "1. A book is one file. The demo's holds a quarter: five partners, their stores, their sales."
show '^Next' init --demo

step "2. What is due to whom. What nobody has decided yet is held, never guessed."
show 'S-1001|S-1008|^Total' settle $QUARTER --as-of 2026-06-30

step "3. Ask any line why: what was required, what was observed, and from which row of which file."
show '^0.00 CNY|, day 31| FirstSale ' explain S-1008 --as-of 2026-06-30

step "4. Finance publishes the table that was missing. It is recorded, beside what it replaces."
show '^Against|governance_ratios' publish $DATA/terms-governance.toml --by finance

step "5. The quarter is closed: a statement for each partner, and a seal. P-01 is paid."
show 'P-02|^Closed|^Left' close $QUARTER --by lin --leave-open --reason "no SEK rates"
show '' pay P-01 --amount 28000 --currency CNY --ref bank-0511-7 --by lin

step "6. A closure of March is reported late. The difference is issued; P-01 holds an advance."
show ' recorded,' record $DATA/after-close.ndjson
show '^1 line changed' adjust $QUARTER --by lin
show 'advance|P-01' report statements --columns statement,due,paid,open,advance

step "7. And the closed quarter is still worked out exactly as it was known."
show '^Identical' replay $QUARTER

step "8. A month of orders, settled by the order. The platform's file charges newcomers in full."
show '' record $DATA/shops-2020.ndjson
show '' publish $DATA/terms-fees.toml --by finance
show ' archived,' orders $DATA/orders-2020-05.csv
show '^Total' settle technical-fee-2020 2020-05
show '^CNY' reconcile technical-fee-2020 2020-05 --against $DATA/platform-fees-2020-05.csv

step "9. Every hash, entry and closed period is recomputed. Nothing was changed behind the book."
show '^chain|^closed' verify

step "10. The quarter as one page: totals, pictures, statements, every line with its explanation."
show '^Wrote' report close $QUARTER -o $PAGE

step "To look at, and to go on:"
look "$PAGE" "the quarter, in a browser"
look "$BIN/duebook --book demo.db status" "what is open"
look "$BIN/duebook --book demo.db serve" "all of it, at http://127.0.0.1:8321/"
