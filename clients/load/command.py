"""`python -m clients load`: what it shows while it runs, and what it tells at the end.

Exit status: 0 when every answer was right, 1 when there were errors or no connection could be had, 2 when the command
line asks for what cannot be, 130 when interrupted, with the figures up to then.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import resource
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from clients.load.generator import Generator, Unreachable
from clients.load.options import plan_of
from clients.load.plan import Plan
from clients.load.processor import NoSuchProcess, processor_s
from clients.load.tally import Figures, Tally

USAGE_STATUS = 2
INTERRUPTED_STATUS = 130
SPARE_DESCRIPTORS = 64


def run(options: argparse.Namespace) -> int:
    """Run what the command line says, and return the exit status."""
    plan = plan_of(options)
    problem = _problem(plan)
    if problem:
        print(f"load: {problem}", file=sys.stderr)
        return USAGE_STATUS
    tally = Tally(plan.pid)
    status = 0
    try:
        _generate(plan, tally)
    except Unreachable as error:
        print(f"load: {plan.address[0]} port {plan.address[1]}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        status = INTERRUPTED_STATUS
    figures = tally.figures()
    _tell(plan, figures, options.json)
    return status or int(bool(figures.errors))


def _problem(plan: Plan) -> str | None:
    """What this machine cannot do of a plan. The soft limit of descriptors is raised as far as it goes."""
    wanted = plan.connections + plan.idle + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            return f"{wanted} descriptors are needed, and {hard} are allowed (ulimit -Hn)"
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if plan.pid is not None:
        try:
            processor_s(plan.pid)
        except NoSuchProcess as error:
            return str(error)
    return None


def _generate(plan: Plan, tally: Tally) -> None:
    """Run the plan, with its progress where standard error is a terminal."""
    console = Console(stderr=True)
    text = "{task.description:<8} {task.fields[rate]:>9,.0f} messages/s  {task.fields[errors]} errors"
    # Drawn from the loop, between two slices: a thread of its own would take its processor time from the same share.
    progress = Progress(TextColumn(text), BarColumn(), console=console, auto_refresh=False, transient=True)
    task = progress.add_task("connect", total=1.0, rate=0.0, errors=0)
    seen = {"answered": 0, "at": 0.0}

    def watch(phase: str, share: float, tally: Tally) -> None:
        now_s = progress.get_time()
        rate = (tally.answered - seen["answered"]) / (now_s - seen["at"]) if seen["at"] else 0.0
        seen.update(answered=tally.answered, at=now_s)
        errors = sum(tally.errors.values())
        progress.update(task, description=phase, completed=share, rate=rate, errors=errors, refresh=True)

    generator = Generator(plan, tally, watch if console.is_terminal else None)
    with progress if console.is_terminal else contextlib.nullcontext():
        generator.run()


def _tell(plan: Plan, figures: Figures, json_file: str | None) -> None:
    if json_file is not None:
        data = {"plan": dataclasses.asdict(plan), **figures.as_data()}
        text = json.dumps(data, indent=2) + "\n"
        if json_file == "-":
            sys.stdout.write(text)
            return
        Path(json_file).write_text(text)
    print("\n".join(_lines(figures)))


def _lines(figures: Figures) -> list[str]:
    """The figures as people read them."""
    lines = [f"{figures.messages:,} messages in {figures.seconds:.2f} s: {figures.rate:,.0f} a second"]
    if figures.latency_us:
        lines.append("latency  " + "  ".join(f"{name} {_time(us)}" for name, us in figures.latency_us.items()))
    shares = f"generator {figures.own_share:.0%} (at work {figures.busy_share:.0%} of the time)"
    if figures.server_share is not None:
        shares += f", server {figures.server_share:.0%}"
    lines.append(f"of a processor: {shares}")
    if figures.server_cpu_us is not None:
        lines.append(f"the server's processor time: {figures.server_cpu_us:.2f} µs a message")
    if figures.unanswered:
        lines.append(f"never answered: {figures.unanswered:,}; each counts with the time that it has waited")
    lines += [f"error: {kind}: {count:,}" for kind, count in sorted(figures.errors.items())]
    if figures.bottleneck:
        lines.append(f"note: {figures.bottleneck}")
    return lines


def _time(us: float) -> str:
    return f"{us / 1000:.2f} ms" if us >= 1000 else f"{us:.0f} µs"
