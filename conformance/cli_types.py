"""What the words of some options may be."""

from __future__ import annotations

import os

import click

from conformance.plugin_options import LEAST_FACTOR, MOST_FACTOR, examples, factor


class Examples(click.ParamType[int]):
    """A number of cases, or the word for one."""

    name = "examples"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        """As the help shows it."""
        return "quick|standard|thorough|N"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number that it stands for."""
        try:
            return examples(str(value))
        except ValueError:
            self.fail(f"{value!r} is not quick, standard, thorough or a number from 1 on", param, ctx)


class Factor(click.ParamType[float]):
    """How many times as long silence is waited for."""

    name = "factor"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The factor."""
        try:
            return factor(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a factor from {LEAST_FACTOR:g} to {MOST_FACTOR:g}", param, ctx)


AUTO = 0


def processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Jobs(click.ParamType[int]):
    """A number of workers; `AUTO` for as many as there are processors and work for."""

    name = "jobs"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        """As the help shows it."""
        return "N|auto"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number that it stands for."""
        if value == "auto":
            return AUTO
        try:
            return click.IntRange(1)(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is neither auto nor a number from 1 on", param, ctx)
