"""The calls that change the embedded chain: sending, and what development nodes offer to tests."""

from __future__ import annotations

from typing import Any

import rlp
from eth.abc import SignedTransactionAPI
from eth.exceptions import UnrecognizedTransactionType
from eth_typing import Address
from eth_utils.address import to_checksum_address
from eth_utils.exceptions import ValidationError

from engine.families.evm.embedded import running
from engine.families.evm.embedded.chain import EmbeddedChain
from engine.families.evm.embedded.genesis import CHAIN_ID, people
from engine.families.evm.embedded.params import data, param, quantity
from engine.families.evm.embedded.reading import PRIORITY_FEE_WEI, Method, next_base_fee
from engine.families.evm.embedded.refusal import BAD_PARAMS, CallRefused
from engine.families.evm.embedded.shapes import hexed

# What py-evm raises at bytes that are no chain tx.
NO_CHAIN_TX = (
    *(rlp.RLPException, ValidationError, UnrecognizedTransactionType),
    *(IndexError, TypeError, ValueError),
)
BLOCKS_MAX = 1_000  # of one call: the chain answers nobody while it makes them


def send_raw(chain: EmbeddedChain, params: list[Any]) -> Any:
    """Take signed bytes into the pool."""
    raw = data(param(params, 0))
    try:
        chain_tx = chain.decode(raw)
        chain_tx.check_signature_validity()
    except NO_CHAIN_TX as error:
        raise CallRefused(f"not signed bytes of a chain tx: {error}") from None
    if chain_tx.hash in chain.places:
        sent = chain.state().get_nonce(chain_tx.sender)
        raise CallRefused(f"nonce too low: next nonce {sent}, tx nonce {chain_tx.nonce}")
    chain.accept(chain_tx)
    return hexed(chain_tx.hash)


def send(chain: EmbeddedChain, params: list[Any]) -> Any:
    """One of the rich accounts signs and sends."""
    wanted = param(params, 0)
    signers = {each.address.lower(): each for each in people()}
    if not isinstance(wanted, dict) or str(wanted.get("from")).lower() not in signers:
        raise CallRefused("unknown account", code=BAD_PARAMS)
    sender = signers[str(wanted["from"]).lower()]
    tip = quantity(wanted.get("maxPriorityFeePerGas", PRIORITY_FEE_WEI))
    cap = quantity(wanted.get("maxFeePerGas", 2 * next_base_fee(chain) + tip))
    fields: dict[str, Any] = {
        "type": 2,
        "chainId": CHAIN_ID,
        "nonce": _nonce(chain, wanted, sender.address),
        "gas": _gas(chain, wanted),
        "maxFeePerGas": cap,
        "maxPriorityFeePerGas": tip,
        "value": quantity(wanted.get("value", 0)),
        "data": data(wanted.get("input", wanted.get("data", "0x"))),
    }
    if wanted.get("to") is not None:
        fields["to"] = to_checksum_address(data(wanted["to"], size=20))
    signed = sender.sign_transaction(fields)
    return send_raw(chain, [hexed(bytes(signed.raw_transaction))])


def _nonce(chain: EmbeddedChain, wanted: dict[str, Any], address: str) -> int:
    if wanted.get("nonce") is not None:
        return quantity(wanted["nonce"])
    sender = Address(bytes.fromhex(address[2:]))
    return chain.pool.next_nonce(sender, chain.state().get_nonce(sender))


def _gas(chain: EmbeddedChain, wanted: dict[str, Any]) -> int:
    """As much as was said, else as is needed, or very much for what will revert."""
    if wanted.get("gas") is not None:
        return quantity(wanted["gas"])
    try:
        return int(running.estimate(chain, [wanted]), 16)
    except CallRefused:
        return 1_000_000


def mine_one(chain: EmbeddedChain, params: list[Any]) -> Any:
    assert len(params) <= 1
    chain.mine()
    return "0x0"


def mine(chain: EmbeddedChain, params: list[Any]) -> Any:
    count = quantity(param(params, 0, 1))
    if count > BLOCKS_MAX:
        raise CallRefused(f"at most {BLOCKS_MAX} blocks in one call", code=BAD_PARAMS)
    for _ in range(count):
        chain.mine()
    return None


def rollback(chain: EmbeddedChain, params: list[Any]) -> Any:
    """Take the last blocks off; what was in them is forgotten."""
    _freed(chain, param(params, 0, 1))
    return None


def reorg(chain: EmbeddedChain, params: list[Any]) -> Any:
    """Put as many empty blocks in the place of the last ones; what was in them is forgotten."""
    depth = quantity(param(params, 0, 1))
    if param(params, 1, []):
        raise CallRefused("chain txs for the new blocks are not offered", code=BAD_PARAMS)
    waiting = list(chain.pool)
    chain.pool.clear()
    _freed(chain, depth)
    for _ in range(depth):
        chain.mine()
    for each in waiting:
        chain.accept(each)
    return None


def _freed(chain: EmbeddedChain, depth: object) -> list[SignedTransactionAPI]:
    height = chain.tip.height - quantity(depth)
    if height < 0:
        raise CallRefused("there are not so many blocks", code=BAD_PARAMS)
    return chain.go_back(height)


def snapshot(chain: EmbeddedChain, params: list[Any]) -> Any:
    """The id of a snapshot is the hash of the last block."""
    assert not params
    return hexed(chain.tip.hash)


def revert(chain: EmbeddedChain, params: list[Any]) -> Any:
    """Go back to a block of the chain, and forget what waits."""
    block = chain.by_hash.get(data(param(params, 0)))
    if block is None:
        return False
    chain.go_back(block.height)
    chain.pool.clear()
    return True


def drop(chain: EmbeddedChain, params: list[Any]) -> Any:
    txid = data(param(params, 0), size=32)
    return hexed(txid) if chain.pool.drop(txid) else None


def drop_all(chain: EmbeddedChain, params: list[Any]) -> Any:
    assert not params
    chain.pool.clear()


def set_next_time(chain: EmbeddedChain, params: list[Any]) -> Any:
    """Unix seconds of the next block."""
    wanted = quantity(param(params, 0))
    if wanted <= chain.tip.header.timestamp:
        raise CallRefused("a block is never older than the one before it", code=BAD_PARAMS)
    chain.next_time_s = wanted


def set_recipient(chain: EmbeddedChain, params: list[Any]) -> Any:
    """Who gets the priority fees from now on."""
    chain.recipient = data(param(params, 0), size=20)


METHODS: dict[str, Method] = {
    "anvil_dropAllTransactions": drop_all,
    "anvil_dropTransaction": drop,
    "anvil_mine": mine,
    "anvil_reorg": reorg,
    "anvil_rollback": rollback,
    "anvil_setCoinbase": set_recipient,
    "eth_call": running.call,
    "eth_estimateGas": running.estimate,
    "eth_sendRawTransaction": send_raw,
    "eth_sendTransaction": send,
    "evm_mine": mine_one,
    "evm_revert": revert,
    "evm_setNextBlockTimestamp": set_next_time,
    "evm_snapshot": snapshot,
}
