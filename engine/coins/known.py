"""The coins that need no more than their symbol in cashier.toml.

The values are those that each coin's own node software is built with. What is not known for
certain is left out: the engine then remembers what it finds at first contact.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.coins.model import Coin, Network

# BTC and BCH share block 0 on every network; on the main one their chains part at this block.
_BCH_FORK_MAIN = 478_559

_BTC_MAIN = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
_BTC_TESTNET3 = "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"
_BTC_REGTEST = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"

_BTC = Coin(
    symbol="BTC",
    name="Bitcoin",
    family="bitcoin",
    decimals=8,
    uri_scheme="bitcoin",
    confirmations=3,
    tip_max_age_s=3 * 3600,
    block_s=600,
    networks={
        "main": Network(
            genesis=(_BTC_MAIN,),
            fork_height=_BCH_FORK_MAIN,
            fork_hash="00000000000000000019f112ec0a9982926f1258cdcc558dd7c3b7e5dc7fa148",
            bech32_hrp="bc",
            base58_pubkey=(0,),
            base58_script=(5,),
        ),
        "test": Network(
            genesis=(
                _BTC_TESTNET3,
                "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043",  # testnet4
            ),
            bech32_hrp="tb",
            base58_pubkey=(111,),
            base58_script=(196,),
        ),
        "signet": Network(
            genesis=("00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6",),
            bech32_hrp="tb",
            base58_pubkey=(111,),
            base58_script=(196,),
        ),
        "regtest": Network(
            genesis=(_BTC_REGTEST,),
            bech32_hrp="bcrt",
            base58_pubkey=(111,),
            base58_script=(196,),
        ),
    },
)

_BCH = Coin(
    symbol="BCH",
    name="Bitcoin Cash",
    family="bitcoin",
    decimals=8,
    uri_scheme="bitcoincash",
    confirmations=15,
    tip_max_age_s=3 * 3600,
    block_s=600,
    networks={
        "main": Network(
            genesis=(_BTC_MAIN,),
            fork_height=_BCH_FORK_MAIN,
            fork_hash="000000000000000000651ef99cb9fcbe0dadde1d424bd9f15ff20136191a5eec",
            base58_pubkey=(0,),
            base58_script=(5,),
            cashaddr_prefix="bitcoincash",
        ),
        "test": Network(
            genesis=(
                _BTC_TESTNET3,
                "000000001dd410c49a788668ce26751718cc797474d3152a5fc073dd44fd9f7b",  # testnet4
            ),
            base58_pubkey=(111,),
            base58_script=(196,),
            cashaddr_prefix="bchtest",
        ),
        "regtest": Network(
            genesis=(_BTC_REGTEST,),
            base58_pubkey=(111,),
            base58_script=(196,),
            cashaddr_prefix="bchreg",
        ),
    },
)

_LTC = Coin(
    symbol="LTC",
    name="Litecoin",
    family="bitcoin",
    decimals=8,
    uri_scheme="litecoin",
    confirmations=12,
    tip_max_age_s=3600,
    block_s=150,
    dust_rate=30_000,
    networks={
        "main": Network(
            genesis=("12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2",),
            bech32_hrp="ltc",
            base58_pubkey=(48,),
            base58_script=(50, 5),  # M…, and the older 3… that looks like Bitcoin's
        ),
        "test": Network(
            genesis=("4966625a4b2851d9fdee139e56211a0d88575f59ed816ff5e6a63deb4e3e29a0",),
            bech32_hrp="tltc",
            base58_pubkey=(111,),
            base58_script=(58, 196),
        ),
        "regtest": Network(
            genesis=("530827f38f93b43ed12af0b3ad25a288dc02ed74d6d7857862df51fc56c416f9",),
            bech32_hrp="rltc",
            base58_pubkey=(111,),
            base58_script=(58, 196),
        ),
    },
)

_DOGE = Coin(
    symbol="DOGE",
    name="Dogecoin",
    family="bitcoin",
    decimals=8,
    uri_scheme="dogecoin",
    confirmations=40,
    tip_max_age_s=3600,
    block_s=60,
    dust_rate=5_500_000,  # its nodes have a flat limit of 0.01; this comes to it
    networks={
        "main": Network(
            genesis=("1a91e3dace36e2be3bf030a65679fe821aa1d6ef92e7c9902eb318182c355691",),
            base58_pubkey=(30,),
            base58_script=(22,),
            maturity=240,
        ),
        "test": Network(
            genesis=("bb0a78264637406b6360aad926284d544d7049f45189db5664f3c4d07350559e",),
            base58_pubkey=(113,),
            base58_script=(196,),
            maturity=240,
        ),
        "regtest": Network(
            genesis=("3d2160a3b5dc4a9d62e7e66a295f70313ac808440ef7400d6c0772171ce973a5",),
            base58_pubkey=(111,),
            base58_script=(196,),
            maturity=60,
        ),
    },
)

# Every EVM chain has the same addresses; which chain it is, `chain_id` in cashier.toml says.
_ETH = Coin(
    symbol="ETH",
    name="Ether",
    family="evm",
    decimals=18,
    uri_scheme="ethereum",
    confirmations=12,
    tip_max_age_s=300,
    block_s=12,
    dust_rate=0,
)

COINS: Mapping[str, Coin] = MappingProxyType(
    {coin.symbol: coin for coin in (_BTC, _BCH, _LTC, _DOGE, _ETH)}
)
