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
    "$BIN/duebook" "$@" 2>&1 </dev/null # nobody is asked
}

rm -rf demo.db demo.db-wal demo.db-shm demo.db.receipts demo.db.orders
run init --demo
run record fixtures/demo/01-partners.ndjson fixtures/demo/02-merchants.csv
run report exceptions
run settle $PROGRAM --as-of 2026-02-15 | tail -6
run settle $PROGRAM --as-of 2026-06-30
run publish fixtures/demo/terms-governance.toml --by finance
run settle $PROGRAM --as-of 2026-06-30 | tail -5
run settle $PROGRAM --as-of 2026-06-30 --known-at 1662 | tail -5
run explain $PROGRAM/S-1003 --as-of 2026-06-30

# The quarter is closed, paid, and corrected when a closure of March is reported late.
run close $PROGRAM --by lin --leave-open --reason "two lines wait for SEK rates"
run pay $PROGRAM/partner:P-01 --amount 28000.00 --currency CNY --ref bank-0511-7 --by lin
run record fixtures/demo/after-close.ndjson
run adjust $PROGRAM --by lin
run statement $PROGRAM --payee partner:P-01 | tail -5
run replay $PROGRAM

# The growth term: compensation in ad credit, and content that has to be made up for.
run settle growth-2026-05 --as-of 2026-10-01
run report obligations --as-of 2026-10-01
run close growth-2026-05 --by lin --leave-open --reason "M-405 was never invited"
run report trial-balance
run reconcile $PROGRAM --against fixtures/demo/platform-2026q1.csv || true
run report bindings --as-of 2026-06-30
run query "select partner, count(*) as stores from stores group by partner order by 2 desc"

# Agreements between partners and merchants, and the deposits of shops in 2020.
run settle service-agreements-2022 2026-05 --as-of 2026-06-30
run settle deposit-2020 2020-05 --terms fixtures/demo/terms-deposits.toml

# Samples: who gets one, and what a balance below zero means.
run settle samples-us-2024 2026-05 --as-of 2026-06-30
run explain samples-us-2024/SR-08 --as-of 2026-06-30
run report partners

# A month of orders: the platform charged some stores in full inside the newcomer window.
run record fixtures/demo/shops-2020.ndjson
run orders fixtures/demo/orders-2020-05.csv
run publish fixtures/demo/terms-fees.toml --by finance
run settle technical-fee-2020 2020-05
run explain technical-fee-2020/2020-05/D-01
run reconcile technical-fee-2020 2020-05 --against fixtures/demo/platform-fees-2020-05.csv || true

# Creators who sold for a shop: each order by the plan that covers it, and the partner side's file.
run orders fixtures/demo/orders-affiliate-2026-03.csv
run settle affiliate-us-2024 2026-03
run explain affiliate-us-2024/2026-03/S-1201/noor.jewels --orders
run reconcile affiliate-us-2024 2026-03 --against fixtures/demo/platform-commissions-2026-03.csv || true
run verify

# The quarter to look at: one page, in demo-quarter.html.
run report close $PROGRAM -o demo-quarter.html --overwrite

# The same facts in a partner's own book: its receivables, and nobody else's.
rm -f partner.db partner.db-wal partner.db-shm partner.db.receipts
run init --demo --entity partner:P-04 --book partner.db
run close $PROGRAM --by p04 --leave-open --reason "as the platform did" --book partner.db | tail -3
run balances --book partner.db

printf '\nTo look at the quarter open demo-quarter.html; to go on by hand: export DUEBOOK_BOOK=demo.db\n'
