"""The group that loads a command only when it is asked for, and the one place where errors end.

What we raise on purpose leaves as one line per problem on stderr: exit 2 for wrong use or
configuration, 1 for something found wrong. A traceback is a bug of ours.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import click

from commands.context import config_option
from commands.output import printable
from engine.errors import (
    CashierError,
    ConfigError,
    CurrencyUnknown,
    DatabaseError,
    PaymentNotFound,
    TokenRejected,
)

FOUND_WRONG = 1
WRONG_USE = 2
INTERRUPTED = 130

_WRONG_USE = (ConfigError, CurrencyUnknown, DatabaseError, PaymentNotFound, TokenRejected)


class LazyGroup(click.Group):
    """`table` names each command: where it is (`module:attribute`) and its line in the help."""

    def __init__(self, *, table: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "invoke_without_command": True})
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self.table:
            return None
        module, _, attribute = self.table[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        _take_config(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_, help_line) in self.table.items()])

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run a command line and end the process with its exit code."""
        extra |= {"standalone_mode": False, "prog_name": "cashier"}
        try:
            code = super().main(*args, **extra)
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "cashier"
            what = " ".join(error.format_message().split()).rstrip(".")
            _end([f"{where}: {what} ({where} --help)"], WRONG_USE)
        except click.ClickException as error:
            _end([f"cashier: {error.format_message()}"], WRONG_USE)
        except click.Abort:
            _end(["cashier: interrupted"], INTERRUPTED)
        except CashierError as error:
            code = WRONG_USE if isinstance(error, _WRONG_USE) else FOUND_WRONG
            _end(str(error).split("\n"), code)
        sys.exit(code if isinstance(code, int) else 0)


def _take_config(command: click.Command) -> None:
    """Let `--config` stand behind the command's name too, whichever depth it has."""
    if isinstance(command, click.Group):
        command.no_args_is_help = False  # "Missing command" in one line, like any wrong use
        for inner in command.commands.values():
            _take_config(inner)
    elif not any(parameter.name == "config_path" for parameter in command.params):
        command.params.append(config_option())


def _end(lines: Iterable[str], code: int) -> NoReturn:
    for line in lines:
        click.echo(printable(line), err=True)
    sys.exit(code)
