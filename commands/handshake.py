"""`cashier handshake`: a launch URL, as the trading site would build it."""

from __future__ import annotations

from urllib.parse import urlencode

import click

from commands.context import App, pass_app
from engine import handshake as tokens
from engine.clock import utc_now
from engine.errors import TokenRejected


@click.command()
@click.option("--client", required=True, metavar="ID", help="The client's id at the site.")
@click.option(
    "--action",
    type=click.Choice(tokens.ACTIONS),
    default="deposit",
    show_default=True,
    help="What its session may do.",
)
@click.option("--currency", metavar="C", help="Where the page starts.")
@click.option(
    "--ttl",
    type=click.IntRange(1, tokens.LIFE_S_MAX),
    default=tokens.LIFE_S_MAX,
    show_default=True,
    help="Seconds until it expires.",
)
@pass_app
def handshake(app: App, *, client: str, action: str, currency: str | None, ttl: int) -> None:
    """Print a URL that opens the cashier page for a client, once.

    It signs with the site's shared secret, so it works with HS256 only.
    """
    config = app.load("web")
    try:
        token = tokens.make_token(
            config, client=client, action=action, currency=currency, ttl_s=ttl, now=utc_now()
        )
    except TokenRejected as error:
        raise click.UsageError(error.detail.removeprefix("handshake: ")) from None
    click.echo(f"{config.web.url}/cashier?{urlencode({'token': token})}")
