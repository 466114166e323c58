"""The calls that read the embedded chain: each takes the chain and a list of parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from eth_typing import Address

from engine.families.evm.embedded.chain import EmbeddedChain, Mined
from engine.families.evm.embedded.genesis import CHAIN_ID, people
from engine.families.evm.embedded.params import (
    block_at,
    data,
    height_of,
    param,
    quantity,
    state_block,
)
from engine.families.evm.embedded.refusal import BAD_PARAMS, CallRefused
from engine.families.evm.embedded.shapes import (
    block_shape,
    hexed,
    placed_logs,
    receipt_shape,
    tx_shape,
)

Method = Callable[[EmbeddedChain, list[Any]], Any]

PRIORITY_FEE_WEI = 10**9
FEE_HISTORY_MAX = 1024


def block_by_number(chain: EmbeddedChain, params: list[Any]) -> Any:
    block = block_at(chain, param(params, 0))
    return None if block is None else block_shape(block, full=param(params, 1) is True)


def block_by_hash(chain: EmbeddedChain, params: list[Any]) -> Any:
    block = chain.by_hash.get(data(param(params, 0), size=32))
    return None if block is None else block_shape(block, full=param(params, 1) is True)


def tx_by_hash(chain: EmbeddedChain, params: list[Any]) -> Any:
    txid = data(param(params, 0), size=32)
    if txid in chain.places:
        block, index = chain.places[txid]
        return tx_shape(block.chain_txs[index], block, index)
    waiting = chain.pool.find(txid)
    return None if waiting is None else tx_shape(waiting)


def raw_tx(chain: EmbeddedChain, params: list[Any]) -> Any:
    txid = data(param(params, 0), size=32)
    if txid in chain.places:
        block, index = chain.places[txid]
        return hexed(block.chain_txs[index].encode())
    waiting = chain.pool.find(txid)
    return None if waiting is None else hexed(waiting.encode())


def receipt(chain: EmbeddedChain, params: list[Any]) -> Any:
    place = chain.places.get(data(param(params, 0), size=32))
    return None if place is None else receipt_shape(*place)


def block_receipts(chain: EmbeddedChain, params: list[Any]) -> Any:
    asked = param(params, 0)
    if isinstance(asked, str) and len(asked) == 66:
        block = chain.by_hash.get(data(asked, size=32))
    else:
        block = block_at(chain, asked)
    if block is None:
        return None
    return [receipt_shape(block, index) for index in range(len(block.chain_txs))]


def logs(chain: EmbeddedChain, params: list[Any]) -> Any:
    asked = param(params, 0)
    if not isinstance(asked, dict):
        raise CallRefused("invalid argument 0: not a filter", code=BAD_PARAMS)
    return [
        shape
        for block in _asked_blocks(chain, asked)
        for _, shape in placed_logs(block)
        if _is_asked_for(shape, asked)
    ]


def _asked_blocks(chain: EmbeddedChain, asked: dict[str, Any]) -> Iterator[Mined]:
    if asked.get("blockHash") is not None:
        block = chain.by_hash.get(data(asked["blockHash"], size=32))
        if block is None:
            raise CallRefused("unknown block")
        yield block
        return
    first = height_of(chain, asked.get("fromBlock") or "latest")
    last = height_of(chain, asked.get("toBlock") or "latest")
    yield from chain.blocks[first : last + 1]


def _is_asked_for(shape: dict[str, Any], asked: dict[str, Any]) -> bool:
    wanted = [asked.get("address"), *(asked.get("topics") or ())]
    if len(wanted) > 1 + len(shape["topics"]):
        return False
    return all(
        want is None or found in {each.lower() for each in _either(want)}
        for want, found in zip(wanted, [shape["address"], *shape["topics"]], strict=False)
    )


def _either(want: str | list[str]) -> list[str]:
    return [want] if isinstance(want, str) else want


def balance(chain: EmbeddedChain, params: list[Any]) -> Any:
    block = state_block(chain, param(params, 1, "latest"))
    return hex(chain.state(block).get_balance(_address(params)))


def code(chain: EmbeddedChain, params: list[Any]) -> Any:
    block = state_block(chain, param(params, 1, "latest"))
    return hexed(chain.state(block).get_code(_address(params)))


def storage(chain: EmbeddedChain, params: list[Any]) -> Any:
    block = state_block(chain, param(params, 2, "latest"))
    held = chain.state(block).get_storage(_address(params), quantity(param(params, 1)))
    return f"0x{held:064x}"


def nonce(chain: EmbeddedChain, params: list[Any]) -> Any:
    tag = param(params, 1, "latest")
    found = chain.state(state_block(chain, tag)).get_nonce(_address(params))
    return hex(chain.pool.next_nonce(_address(params), found) if tag == "pending" else found)


def gas_price(chain: EmbeddedChain, params: list[Any]) -> Any:
    assert not params
    return hex(next_base_fee(chain) + PRIORITY_FEE_WEI)


def next_base_fee(chain: EmbeddedChain) -> int:
    """Base fee in wei of the block that comes next."""
    return int(chain.evm.create_header_from_parent(chain.tip.header).base_fee_per_gas or 0)


def fee_history(chain: EmbeddedChain, params: list[Any]) -> Any:
    newest = height_of(chain, param(params, 1, "latest"))
    if newest > chain.tip.height:
        raise CallRefused("request beyond head block")
    count = min(quantity(param(params, 0)), FEE_HISTORY_MAX, newest + 1)
    blocks = chain.blocks[newest + 1 - count : newest + 1]
    following = chain.blocks[newest + 1] if newest < chain.tip.height else None
    last = next_base_fee(chain) if following is None else following.header.base_fee_per_gas or 0
    rewards = [hex(PRIORITY_FEE_WEI) for _ in param(params, 2, [])]
    return {
        "oldestBlock": hex(newest + 1 - count),
        "baseFeePerGas": [*(hex(each.header.base_fee_per_gas or 0) for each in blocks), hex(last)],
        "gasUsedRatio": [each.header.gas_used / each.header.gas_limit for each in blocks],
        "reward": [rewards for _ in blocks],
    }


def pool_status(chain: EmbeddedChain, params: list[Any]) -> Any:
    assert not params
    kinds = pool_content(chain, [])
    return {
        kind: hex(sum(len(by_nonce) for by_nonce in senders.values()))
        for kind, senders in kinds.items()
    }


def pool_content(chain: EmbeddedChain, params: list[Any]) -> Any:
    """`pending` is due, `queued` waits for a nonce before it."""
    assert not params
    content: dict[str, dict[str, dict[str, Any]]] = {"pending": {}, "queued": {}}
    state = chain.state()
    for each in chain.pool:
        kind = "pending" if chain.pool.is_due(each, state.get_nonce(each.sender)) else "queued"
        content[kind].setdefault(hexed(each.sender), {})[str(each.nonce)] = tx_shape(each)
    return content


def _address(params: list[Any]) -> Address:
    return Address(data(param(params, 0), size=20))


METHODS: dict[str, Method] = {
    "eth_accounts": lambda _chain, _params: [each.address.lower() for each in people()],
    "eth_blockNumber": lambda chain, _params: hex(chain.tip.height),
    "eth_chainId": lambda _chain, _params: hex(CHAIN_ID),
    "eth_feeHistory": fee_history,
    "eth_gasPrice": gas_price,
    "eth_getBalance": balance,
    "eth_getBlockByHash": block_by_hash,
    "eth_getBlockByNumber": block_by_number,
    "eth_getBlockReceipts": block_receipts,
    "eth_getCode": code,
    "eth_getLogs": logs,
    "eth_getRawTransactionByHash": raw_tx,
    "eth_getStorageAt": storage,
    "eth_getTransactionByHash": tx_by_hash,
    "eth_getTransactionCount": nonce,
    "eth_getTransactionReceipt": receipt,
    "eth_maxPriorityFeePerGas": lambda _chain, _params: hex(PRIORITY_FEE_WEI),
    "eth_syncing": lambda _chain, _params: False,
    "net_peerCount": lambda _chain, _params: "0x0",
    "net_version": lambda _chain, _params: str(CHAIN_ID),
    "txpool_content": pool_content,
    "txpool_status": pool_status,
    "web3_clientVersion": lambda _chain, _params: "cashier-embedded/py-evm",
}
