"""What is asked of keys and tokens before coins arrive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing

from engine.config import Currency
from engine.errors import NodeDown
from engine.families.evm import open_transport
from engine.families.evm.answers import Answers, node_answers, takes_sends
from engine.families.evm.keys import open_keys
from engine.families.evm.tokens import TokenWords, token_words
from engine.families.evm.values import OddValue


def foreign_addresses(currency: Currency, known: Iterable[tuple[str, str]]) -> list[str]:
    """Those of `known` (address and path each) that the configured keys do not make. Raises
    NodeRefused when the keys are of no use."""
    keys = open_keys(currency)
    return [address for address, path in known if keys.address(path) != address]


def tokens_told(
    ground: Currency, node_url: str, tokens: Sequence[Currency]
) -> list[tuple[Currency, TokenWords]]:
    """What the contract of each token says of itself. Raises NodeDown, NodeRefused."""
    with closing(open_transport(node_url)) as node:
        try:
            return [(each, token_words(node, str(each.token))) for each in tokens]
        except OddValue as error:
            detail = f"{ground.symbol}: {error}"
            raise NodeDown("the node's reply is malformed", detail=detail) from None


def answers_of(ground: Currency, node_url: str) -> Answers:
    """What its node tells of what we need. Raises NodeDown, NodeRefused."""
    with closing(open_transport(node_url)) as node:
        try:
            return node_answers(node)
        except OddValue as error:
            detail = f"{ground.symbol}: {error}"
            raise NodeDown("the node's reply is malformed", detail=detail) from None


def takes_sends_at(node_url: str) -> bool:
    """Whether its node lets us send. Raises NodeDown."""
    with closing(open_transport(node_url)) as node:
        return takes_sends(node)
