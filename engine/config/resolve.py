"""From the table of a currency to the `Currency`: defaults by coin and network, and what only the
whole table can show to be wrong. Findings are collected, never raised at the first."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from engine.coins import COINS, EVM_CHAINS, Coin, Network, address_form, read_evm_address
from engine.config.confirmations import Tiers, flat
from engine.config.currency import DEVELOPMENT_CHAIN_IDS, Currency
from engine.config.currency_table import EMBEDDED, EMBEDDED_CHAIN_ID, CurrencyTable
from engine.config.house import Rule
from engine.config.reading import Reading
from engine.config.secrets import Secret

# Families that this version can follow; the others are refused here and nowhere else.
FAMILIES = ("bitcoin", "evm")

SANDBOX_NETWORKS = frozenset({"regtest", "development"})
_UNKNOWN = "unknown"  # never of a currency that is built: what makes it so is a problem
_FINALITY = {"bitcoin": 100, "evm": 64}
_LIMITS_OF_MAIN = ("approve_above", "daily_limit", "total_daily")
_BITCOIN_ONLY = (
    *("network", "genesis", "bech32_hrp", "cashaddr_prefix"),
    *("base58_pubkey", "base58_script"),
)
_EVM_ONLY = ("chain_id", "chain", "token", "sweep")
_OF_THE_CHAIN = (
    *("node", "witness", "keys", "chain_id"),
    *("coin", "min_peers", "tip_max_age", "poll"),
)

Report = Callable[[str, str, str], None]
"""Takes a key inside of the currency's table, what is wrong and the cure."""


def resolve_currency(
    symbol: str,
    table: CurrencyTable,
    tables: Mapping[str, CurrencyTable],
    *,
    rules: tuple[Rule, ...],
    reading: Reading,
    report: Report,
) -> Currency | None:
    """The currency, or None where a problem keeps it from being built. Calls `report` for each."""
    parent = _parent(symbol, table, tables, report)
    ground = table if parent is None else tables[parent]
    coin = _coin(symbol, table, ground, report)
    if coin is None:
        return None
    if coin.family not in FAMILIES:
        known = ", ".join(FAMILIES)
        report("family", f"family {coin.family} is not in this version", f"known: {known}")
    _check_family_keys(table, coin.family, report)
    network, parameters = _network(table, ground, coin, report)
    confirmations = table.confirmations or ground.confirmations or flat(coin.confirmations)
    sandbox = network in SANDBOX_NETWORKS
    _check_node(table, ground, network, report)
    _check_addresses(table, coin.family, parameters, report)
    _check_contract(table, reading, report)
    _check_limits(table, ground, network, reading, report)
    finality = _finality(table, ground, coin.family, confirmations, report)
    return Currency(
        symbol=symbol,
        name=table.name or coin.name,
        coin=coin,
        family=coin.family,
        network=network,
        parameters=parameters,
        chain=parent or symbol,
        chain_id=_chain_id(ground),
        token=table.token,
        decimals=coin.decimals,
        sandbox=sandbox,
        node=_node(parent or symbol, ground, reading),
        witness=ground.witness,
        keys=ground.keys,
        poll=ground.poll,
        confirmations=confirmations,
        finality=finality,
        finality_tag="finalized" if (table.finality or ground.finality) == "finalized" else None,
        tip_max_age=_tip_max_age(ground, coin, sandbox=sandbox),
        min_peers=_first(ground.min_peers, 0 if sandbox else 1),
        address_pool=table.address_pool,
        deposit_minimum=table.deposit_minimum,
        below_minimum=table.below_minimum,
        request_ttl=table.request_ttl,
        withdrawal=table.withdrawal,
        sweep=table.sweep,
        cold=table.cold,
        batch=table.batch,
        top_up_from=table.top_up_from if sandbox else table.top_up_from or (),
        book_above=_first(table.book_above, 0) if network == "main" else table.book_above,
        limits=tuple(rule for rule in rules if rule.currency in {None, symbol}),
    )


def _first(value: int | None, default: int) -> int:
    return default if value is None else value


def _parent(
    symbol: str, table: CurrencyTable, tables: Mapping[str, CurrencyTable], report: Report
) -> str | None:
    """The symbol of the currency whose node a token follows; None for a currency of its own."""
    if (table.chain is None) != (table.token is None):
        report("token" if table.token is None else "chain", "is missing", "a token needs both")
        return None
    if table.chain is None:
        return None
    if table.chain == symbol or table.chain not in tables or tables[table.chain].chain is not None:
        report(
            "chain", f"{table.chain!r} is no chain of this file", "name a [currency.X] with a node"
        )
        return None
    for key in _OF_THE_CHAIN:
        if key in table.model_fields_set:
            report(key, f"belongs to the chain {table.chain}", "remove it here")
    return table.chain


def _coin(symbol: str, table: CurrencyTable, ground: CurrencyTable, report: Report) -> Coin | None:
    """What is known of the coin with what the table overrides; None if something is missing."""
    if table.token is not None or table.chain is not None:
        return _token_coin(symbol, table, ground, report)
    known = COINS.get(table.coin or symbol)
    if known is None:
        return _own_coin(symbol, table, report)
    if table.family is not None and table.family != known.family:
        report("family", f"{known.symbol} is of family {known.family}", "remove the key")
    return dataclasses.replace(known, **_overrides(table))


def _overrides(table: CurrencyTable) -> dict[str, Any]:
    pairs = {
        "name": table.name,
        "decimals": table.decimals,
        "uri_scheme": table.uri_scheme,
        "block_s": table.block_time,
    }
    return {key: value for key, value in pairs.items() if value is not None}


def _own_coin(symbol: str, table: CurrencyTable, report: Report) -> Coin | None:
    """A coin that only the file describes."""
    needed = ["family", "name", "decimals", "uri_scheme", "confirmations", "block_time"]
    if table.family == "bitcoin" and not table.bech32_hrp and not table.cashaddr_prefix:
        needed.append("base58_pubkey")
    missing = [key for key in needed if getattr(table, key) is None]
    for key in missing:
        cure = f"known coins are {', '.join(COINS)}; else describe it (docs/currencies.md)"
        report(key, f"is missing: coin {table.coin or symbol} is not known", cure)
    if missing or table.family is None or table.confirmations is None:
        return None
    blank = Coin(symbol, symbol, table.family, 0, "", table.confirmations.most, 0, 0)
    coin = dataclasses.replace(blank, **_overrides(table))
    # A dozen blocks late is late on any chain; an hour at least, so that luck is no alarm.
    return dataclasses.replace(coin, tip_max_age_s=max(3600, 12 * coin.block_s))


def _token_coin(
    symbol: str, table: CurrencyTable, ground: CurrencyTable, report: Report
) -> Coin | None:
    if table.decimals is None:
        report("decimals", "is missing", "a token says its own, such as 6")
        return None
    if table.family not in {None, "evm"}:
        report("family", "a token is of family evm", "remove the key")
    native = COINS.get(ground.coin or table.chain or "") or COINS["ETH"]
    return dataclasses.replace(
        native, symbol=symbol, name=table.name or symbol, decimals=table.decimals
    )


def _check_family_keys(table: CurrencyTable, family: str, report: Report) -> None:
    foreign = _EVM_ONLY if family == "bitcoin" else _BITCOIN_ONLY
    for key in foreign:
        if key in table.model_fields_set:
            report(key, f"does not belong to family {family}", "remove it")
    if family != "bitcoin":
        _check_evm_keys(table, report)
        return
    if table.confirmations is not None and table.confirmations.finalized:
        report("confirmations", '"finalized" is for family evm', "give a number")
    if table.finality == "finalized":
        report("finality", '"finalized" is for family evm', "give a number")
    if table.keys is not None and table.keys.model_fields_set - {"passphrase"}:
        report("keys", "a node of family bitcoin keeps its keys itself", "give passphrase only")


def _check_evm_keys(table: CurrencyTable, report: Report) -> None:
    """Nodes of this family keep no keys: without ours there is not even an address."""
    if table.chain is None and "keys" not in table.model_fields_set:
        cure = 'such as { mnemonic = "env:CASHIER_ETH_MNEMONIC" }'
        report("keys", "is missing", f"{cure}; `cashier keys new` makes some")
    elif table.keys is not None and not {"mnemonic", "keystore"} & table.keys.model_fields_set:
        report("keys", "has neither a mnemonic nor a keystore", "give one of them")


def _network(
    table: CurrencyTable, ground: CurrencyTable, coin: Coin, report: Report
) -> tuple[str, Network]:
    """The network's name and its data. EVM: `main`, `test` or `development` by its chain id."""
    if coin.family != "bitcoin":
        return _evm_network(table, ground, report), Network()
    if table.network is None:
        report("network", "is missing", "one of main, test, signet, regtest")
        return _UNKNOWN, Network()
    known = coin.networks.get(table.network)
    described = {
        "bech32_hrp": table.bech32_hrp,
        "base58_pubkey": table.base58_pubkey,
        "base58_script": table.base58_script,
        "cashaddr_prefix": table.cashaddr_prefix,
        "genesis": (table.genesis,) if table.genesis else None,
    }
    given = {key: value for key, value in described.items() if value is not None}
    if known is None and not given.keys() & {"bech32_hrp", "base58_pubkey", "cashaddr_prefix"}:
        names = ", ".join(coin.networks) or "none"
        cure = f"known: {names}; or give its address prefixes (docs/currencies.md)"
        report("network", f"{coin.symbol} has no network {table.network!r} here", cure)
    merged: dict[str, Any] = dict(given)
    return table.network, dataclasses.replace(known or Network(), **merged)


def _evm_network(table: CurrencyTable, ground: CurrencyTable, report: Report) -> str:
    if _chain_id(ground) in DEVELOPMENT_CHAIN_IDS:
        return "development"
    if table is ground and table.chain_id is None and table.chain is None:
        report("chain_id", "is missing", "1 is Ethereum; 31337 is a development chain")
    if ground.chain_id is None:
        return _UNKNOWN
    known = EVM_CHAINS.get(ground.chain_id)
    return "test" if known is not None and known.test else "main"


def _is_embedded(ground: CurrencyTable) -> bool:
    return ground.node is not None and ground.node.reveal() == EMBEDDED


def _chain_id(ground: CurrencyTable) -> int | None:
    if ground.chain_id is None and _is_embedded(ground):
        return EMBEDDED_CHAIN_ID
    return ground.chain_id


def _node(chain: str, ground: CurrencyTable, reading: Reading) -> Secret | None:
    """The node's URL; the embedded chain is named by the folder that it is kept in."""
    if ground.node is None or not _is_embedded(ground):
        return ground.node
    folder = reading.folder / "var" / f"{EMBEDDED}-{chain}"
    return Secret(f"{EMBEDDED}:{folder}", source=ground.node.source)


def _check_node(table: CurrencyTable, ground: CurrencyTable, network: str, report: Report) -> None:
    if table is ground and table.chain is None and "node" not in table.model_fields_set:
        report("node", "is missing", 'such as "env:CASHIER_LTC_NODE"')
    if _is_embedded(ground) and network != "development":
        report("node", "the embedded chain is for sandboxes only", "name a real node")


def _check_addresses(
    table: CurrencyTable, family: str, parameters: Network, report: Report
) -> None:
    for key, address in [
        *([("cold.address", table.cold.address)] if table.cold else []),
        *[(f"top_up_from[{i}]", text) for i, text in enumerate(table.top_up_from or ())],
    ]:
        good = (
            address_form(parameters, address) if family == "bitcoin" else read_evm_address(address)
        )
        if not good:
            report(key, f"{address!r} is no address of this network", "check it letter by letter")


def _check_contract(table: CurrencyTable, reading: Reading, report: Report) -> None:
    """Capitals are a checksum. The console, which must be there at once, believes the engine."""
    if table.token is None or reading.role == "console":
        return
    digits = table.token[2:]
    is_one_case = digits in {digits.lower(), digits.upper()}
    if not is_one_case and read_evm_address(table.token) is None:
        cure = "copy it once more from the issuer's own page"
        report("token", "has capitals that do not fit: a character is wrong", cure)


def _check_limits(
    table: CurrencyTable, ground: CurrencyTable, network: str, reading: Reading, report: Report
) -> None:
    """Without these three, one stolen session could empty a main network's wallet; and a token's
    fee is no share of anything that could bound it."""
    if table is not ground and table.withdrawal.fee_max_share is not None:
        what = f"is no share here: the network is paid in {table.chain}"
        cure = f"give fee_max instead, an amount of {table.chain}"
        report("withdrawal.fee_max_share", what, cure)
    if network != "main" or reading.role == "console":
        return
    for key in _LIMITS_OF_MAIN:
        if getattr(table.withdrawal, key) is None:
            report(f"withdrawal.{key}", "is missing", "main networks need it; an amount as text")
    if table is not ground and (table.withdrawal.fee_max or ground.withdrawal.fee_max) is None:
        cure = f"main networks need it here or at {table.chain}; an amount of {table.chain} as text"
        report("withdrawal.fee_max", "is missing", cure)


def _finality(
    table: CurrencyTable, ground: CurrencyTable, family: str, depth: Tiers, report: Report
) -> int:
    chosen = table.finality or ground.finality
    if not isinstance(chosen, int):
        return max(_FINALITY[family], depth.most)
    if chosen < depth.most:
        report("finality", f"is less than the {depth.most} confirmations", "freeze later than that")
    return chosen


def _tip_max_age(table: CurrencyTable, coin: Coin, *, sandbox: bool) -> int | None:
    if table.tip_max_age is not None:
        return table.tip_max_age or None
    return None if sandbox else coin.tip_max_age_s
