"""What a family must offer, and the values that cross the border. No rule and no I/O here."""

from engine.chain.condition import Expectation, Health, Identity, Trust
from engine.chain.facts import (
    Arrival,
    Block,
    BlockRef,
    Fact,
    Oddity,
    Scan,
    Sender,
    Senders,
    Standing,
    Unspent,
)
from engine.chain.family import ByBalance, Chain, Countable, Followed
from engine.chain.wallet import (
    NewAddress,
    Pay,
    Recipient,
    Sending,
    SendReply,
    SentTx,
    SignedTx,
    Spend,
    Wallet,
)

__all__ = [
    "Arrival",
    "Block",
    "BlockRef",
    "ByBalance",
    "Chain",
    "Countable",
    "Expectation",
    "Fact",
    "Followed",
    "Health",
    "Identity",
    "NewAddress",
    "Oddity",
    "Pay",
    "Recipient",
    "Scan",
    "SendReply",
    "Sender",
    "Senders",
    "Sending",
    "SentTx",
    "SignedTx",
    "Spend",
    "Standing",
    "Trust",
    "Unspent",
    "Wallet",
]
