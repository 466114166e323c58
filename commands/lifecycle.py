"""`cashier lifecycle`: the state machine of each kind of payment."""

from __future__ import annotations

import click

from engine.lifecycle import MOVES, mermaid


@click.command()
@click.argument("kind", required=False, type=click.Choice(list(MOVES)))
def lifecycle(kind: str | None) -> None:
    """Print the state machine of KIND (default: of every kind) as a Mermaid diagram."""
    kinds = [kind] if kind else list(MOVES)
    click.echo("\n\n".join(mermaid(each) for each in kinds))
