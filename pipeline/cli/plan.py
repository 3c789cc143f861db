"""``anime-enrich plan``: what a run would ask, and how long it takes at the limits."""

import time

from rich.table import Table

from pipeline.cli.console import console, print_json
from pipeline.cli.run import RunOptions, select_titles
from pipeline.cli.workplace import ledger_of, load_settings, sync_if_named
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.opening import read_config
from pipeline.enrich.plan import Plan, plan_run
from pipeline.enrich.rehearsal import rehearse
from pipeline.ledger import Ledger
from pipeline.settings import Settings

__all__ = ["plan_command"]


def plan_command(options: RunOptions) -> int:
    """Plan and print."""
    settings = load_settings(
        checkpoints=options.checkpoints, catalogue=options.catalogue, is_practice=options.practice is not None
    )
    if options.practice is not None:
        settings, _ = rehearse(settings, speed=options.practice[0], recordings=None)
    with ledger_of(settings) as ledger:
        sync_if_named(ledger, settings)
        plan = _plan(settings, ledger, options)
    if options.is_json:
        print_json(plan.as_json())
    else:
        _print(plan)
    return 0


def _plan(settings: Settings, ledger: Ledger, options: RunOptions) -> Plan:
    title_ids = select_titles(ledger, options)
    due = ledger.titles.due(config=read_config(settings), only=title_ids, tier=options.tier)
    selected = len(ledger.titles.active()) if title_ids is None else len(title_ids)
    return plan_run(settings, ledger, make_adapters(settings), due, selected=selected, now=time.time, tier=options.tier)


def _print(plan: Plan) -> None:
    console.print(f"{plan.due} of {plan.selected} titles have something to do")
    if not plan.due:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("platform")
    for name in ("titles", "fresh", "not listed", "requests", "at the limit"):
        table.add_column(name, justify="right")
    for p in plan.platforms:
        table.add_row(
            p.platform.value, str(p.titles), str(p.spared), str(p.not_listed), str(p.request_count),
            _duration(p.eta_s),
        )  # fmt: skip
    console.print(table)
    for p in plan.platforms:
        kinds = ", ".join(f"{kind} {count}" for kind, count in p.requests.items())
        if p.why_off or kinds:
            console.print(f"  {p.platform.value:<14} {f'off: {p.why_off}' if p.why_off else kinds}", markup=False)
    pole = plan.long_pole
    if pole is not None:
        console.print(
            f"about {_duration(pole.eta_s)}: {pole.platform.value} is the long pole; how long a cast is, and which ids "
            "are not there, is known only when the first answer is"
        )
    for p in plan.platforms:
        if p.request_count and p.terms:
            console.print(f"terms     {p.platform.value}: {p.terms}", style="yellow")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} d"
