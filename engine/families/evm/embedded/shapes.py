"""Blocks, chain txs, receipts and logs of the embedded chain as JSON-RPC tells them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rlp
from eth.abc import LogAPI, SignedTransactionAPI
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from engine.families.evm.embedded.chain import Mined

NO_UNCLES = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"


def hexed(data: bytes) -> str:
    return f"0x{data.hex()}"


def block_shape(block: Mined, *, full: bool) -> dict[str, Any]:
    """A block with its chain txs, or with their hashes only."""
    header = block.header
    txs: list[Any] = [hexed(each.hash) for each in block.chain_txs]
    if full:
        txs = [tx_shape(each, block, index) for index, each in enumerate(block.chain_txs)]
    return {
        "number": hex(block.height),
        "hash": hexed(block.hash),
        "parentHash": hexed(header.parent_hash),
        "timestamp": hex(header.timestamp),
        "miner": hexed(header.coinbase),
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "baseFeePerGas": hex(header.base_fee_per_gas or 0),
        "difficulty": hex(header.difficulty),
        "extraData": hexed(header.extra_data),
        "logsBloom": f"0x{header.bloom:0512x}",
        "mixHash": hexed(header.mix_hash),
        "nonce": hexed(header.nonce),
        "receiptsRoot": hexed(header.receipt_root),
        "sha3Uncles": NO_UNCLES,
        "stateRoot": hexed(header.state_root),
        "transactionsRoot": hexed(header.transaction_root),
        "uncles": [],
        "withdrawals": [],
        "transactions": txs,
    }


def tx_shape(
    chain_tx: SignedTransactionAPI, block: Mined | None = None, index: int = 0
) -> dict[str, Any]:
    """A chain tx in its block, or one that waits for a block."""
    kind = int(getattr(chain_tx, "type_id", 0) or 0)
    shape: dict[str, Any] = {
        "type": hex(kind),
        "hash": hexed(chain_tx.hash),
        "nonce": hex(chain_tx.nonce),
        "from": hexed(chain_tx.sender),
        "to": hexed(chain_tx.to) if chain_tx.to else None,
        "value": hex(chain_tx.value),
        "gas": hex(chain_tx.gas),
        "input": hexed(chain_tx.data),
        "gasPrice": hex(_gas_price(chain_tx, block)),
        "blockHash": None if block is None else hexed(block.hash),
        "blockNumber": None if block is None else hex(block.height),
        "transactionIndex": None if block is None else hex(index),
        "r": hex(chain_tx.r),
        "s": hex(chain_tx.s),
        "v": hex(chain_tx.y_parity if kind else getattr(chain_tx, "v", 0)),
    }
    if chain_tx.chain_id is not None:
        shape["chainId"] = hex(chain_tx.chain_id)
    if kind >= 2:
        shape["maxFeePerGas"] = hex(chain_tx.max_fee_per_gas)
        shape["maxPriorityFeePerGas"] = hex(chain_tx.max_priority_fee_per_gas)
    return shape


def _gas_price(chain_tx: SignedTransactionAPI, block: Mined | None) -> int:
    """What a unit of gas costs the sender in wei: at most, as long as it waits."""
    if block is None:
        return int(chain_tx.max_fee_per_gas)
    base_fee = block.header.base_fee_per_gas or 0
    return min(chain_tx.max_fee_per_gas, base_fee + chain_tx.max_priority_fee_per_gas)


def receipt_shape(block: Mined, index: int) -> dict[str, Any]:
    """What became of a chain tx of a block."""
    chain_tx, receipt = block.chain_txs[index], block.receipts[index]
    before = block.receipts[index - 1].gas_used if index else 0
    return {
        "transactionHash": hexed(chain_tx.hash),
        "transactionIndex": hex(index),
        "blockHash": hexed(block.hash),
        "blockNumber": hex(block.height),
        "type": hex(int(getattr(chain_tx, "type_id", 0) or 0)),
        "from": hexed(chain_tx.sender),
        "to": hexed(chain_tx.to) if chain_tx.to else None,
        "contractAddress": None if chain_tx.to else _made_at(chain_tx),
        "status": hex(int.from_bytes(receipt.state_root, "big")),
        "gasUsed": hex(receipt.gas_used - before),
        "cumulativeGasUsed": hex(receipt.gas_used),
        "effectiveGasPrice": hex(_gas_price(chain_tx, block)),
        "logsBloom": f"0x{receipt.bloom:0512x}",
        "logs": [shape for at, shape in placed_logs(block) if at == index],
    }


def _made_at(chain_tx: SignedTransactionAPI) -> str:
    """Where the contract is that a chain tx without a recipient makes."""
    made = keccak(rlp.encode([chain_tx.sender, chain_tx.nonce]))[-20:]
    return to_checksum_address(made).lower()


def placed_logs(block: Mined) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every log of a block with the index of its chain tx; logs are counted within the block."""
    number = 0
    for index, receipt in enumerate(block.receipts):
        for log in receipt.logs:
            yield index, _log_shape(block, index, log, number)
            number += 1


def _log_shape(block: Mined, index: int, log: LogAPI, number: int) -> dict[str, Any]:
    return {
        "address": hexed(log.address),
        "topics": [f"0x{topic:064x}" for topic in log.topics],
        "data": hexed(log.data),
        "blockHash": hexed(block.hash),
        "blockNumber": hex(block.height),
        "blockTimestamp": hex(block.header.timestamp),
        "transactionHash": hexed(block.chain_txs[index].hash),
        "transactionIndex": hex(index),
        "logIndex": hex(number),
        "removed": False,
    }
