"""One file per command. Heavy imports happen inside the command that needs them."""

from cli.commands.close import adjust, close
from cli.commands.explain import explain
from cli.commands.facts import facts
from cli.commands.init import init
from cli.commands.journal import balances, journal
from cli.commands.log import log, show
from cli.commands.orders import orders
from cli.commands.pay import lock, pay
from cli.commands.publish import programs, publish
from cli.commands.reconcile import reconcile
from cli.commands.record import record
from cli.commands.replay import replay
from cli.commands.report import query, rebuild, report
from cli.commands.settle import settle
from cli.commands.statement import statement
from cli.commands.status import status
from cli.commands.upgrade import export, upgrade
from cli.commands.verify import verify
from cli.commands.withdraw import withdraw

COMMANDS = (
    init,
    status,
    record,
    orders,
    facts,
    withdraw,
    publish,
    programs,
    settle,
    explain,
    close,
    statement,
    pay,
    adjust,
    lock,
    replay,
    reconcile,
    journal,
    balances,
    log,
    show,
    report,
    query,
    verify,
    rebuild,
    export,
    upgrade,
)
