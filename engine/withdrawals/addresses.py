"""Where a withdrawal may go, decided before anything is debited and without a node.

What only the node knows (a script that it does not take) the sender asks before it signs.
"""

from __future__ import annotations

from db.models import Address
from engine.client_words.networks import chain_words
from engine.coins import COINS, Coin, Network, ReadAddress, read_address, read_evm_address
from engine.coins.eip55 import EVM_FORM
from engine.config import Config, Currency
from engine.errors import WithdrawalRefused
from engine.withdrawals.evm_addresses import check_payee, mistyped

SHOWN_MAX = 120  # longer than any address
_TAPROOT = 1
_TO_KEY = (("76a914", "88ac"), ("0014", ""))  # by the hash of a public key: old, and as witness
_DIGEST_HEX = 40


def check_address(config: Config, currency: Currency, text: object) -> str:
    """The address in the one form in which it is stored and compared.

    Raises WithdrawalRefused: `address_invalid`, `address_wrong_network`, `address_ambiguous`,
    `address_own`.
    """
    if not isinstance(text, str) or not 1 <= len(text) <= SHOWN_MAX:
        raise _invalid(currency)
    if currency.family == "evm":
        return _check_evm(config, currency, text)
    found = read_address(currency.parameters, text)
    if found is None:
        raise _elsewhere(config, currency, text) or _invalid(currency)
    if _is_unknown_script(found):
        raise _invalid(currency)
    rival = _rival(currency, found)
    if rival is not None:
        raise WithdrawalRefused(
            f"this form of address is also one of {rival}: give the newer form, the one that only"
            f" {currency.name} has",
            code="address_ambiguous",
        )
    if _is_own(currency, found):
        raise WithdrawalRefused(
            "this address belongs to this cashier; nothing would leave", code="address_own"
        )
    return found.canonical


def _check_evm(config: Config, currency: Currency, text: str) -> str:
    """The EIP-55 form; all in one case is taken, and shown with its checksum from then on."""
    found = read_evm_address(text)
    if found is None:
        raise _elsewhere(config, currency, text) or mistyped(currency, text)
    check_payee(config, found)
    return found


def _invalid(currency: Currency) -> WithdrawalRefused:
    return WithdrawalRefused(
        f"this is no {chain_words(currency)} address: check it letter by letter, without spaces",
        code="address_invalid",
    )


def _is_unknown_script(found: ReadAddress) -> bool:
    """Witness programs that have no rules yet: anybody could take what is sent there."""
    if found.form != "bech32" or not found.version:
        return False
    return found.version > _TAPROOT or len(found.script) != 2 * (2 + 32)


def _rival(currency: Currency, found: ReadAddress) -> str | None:
    """The coin whose main network this form belongs to first, while `currency` has another form
    for the same script: whoever gives such an address may well mean the other coin."""
    own = currency.parameters
    if currency.network != "main" or found.form not in {"pubkey", "script"}:
        return None
    has_other = own.cashaddr_prefix or found.version not in _first_versions(own)
    if not has_other:
        return None
    for coin in COINS.values():
        main = coin.networks.get("main")
        if main is None or coin.symbol == currency.coin.symbol:
            continue
        if found.version in _first_versions(main) and not main.cashaddr_prefix:
            return coin.name
    return None


def _first_versions(network: Network) -> tuple[int, ...]:
    return (*network.base58_pubkey[:1], *network.base58_script[:1])


def _is_own(currency: Currency, found: ReadAddress) -> bool:
    cold = None if currency.cold is None else currency.cold.address
    read = None if cold is None else read_address(currency.parameters, cold)
    scripts = _scripts_of_key(found.script)
    if read is not None and read.script in scripts:
        return True
    same = Address.script.in_(scripts) | (Address.address == found.canonical)
    return Address.select().where((Address.chain == currency.chain) & same).exists()


def _scripts_of_key(script: str) -> tuple[str, ...]:
    """The script, and the other one that pays to the same key: wallets that watch the one only
    would never show what the other brought."""
    for start, end in _TO_KEY:
        digest = script.removeprefix(start).removesuffix(end)
        if script == f"{start}{digest}{end}" and len(digest) == _DIGEST_HEX:
            return tuple(f"{before}{digest}{after}" for before, after in _TO_KEY)
    return (script,)


def _elsewhere(config: Config, currency: Currency, text: str) -> WithdrawalRefused | None:
    """The refusal that names the network which the address is good for, if there is one."""
    name = next((name for name, network in _networks(config) if read_address(network, text)), None)
    if name is None and currency.family != "evm" and EVM_FORM.fullmatch(text):
        name = "Ethereum or a chain like it"
    if name is None:
        return None
    return WithdrawalRefused(
        f"this is an address of {name}, not of {chain_words(currency)}"
        f" ({currency.network}):"
        " coins sent there would be lost",
        code="address_wrong_network",
    )


def _networks(config: Config) -> list[tuple[str, Network]]:
    """Every network that is known, by its name; main networks first."""
    configured = [
        (f"{each.name} ({each.network})", each.parameters) for each in config.currencies.values()
    ]
    known = [
        (_name_of(coin, name), network)
        for coin in COINS.values()
        for name, network in coin.networks.items()
    ]
    return configured + sorted(known, key=lambda item: not item[0].endswith("(main)"))


def _name_of(coin: Coin, network: str) -> str:
    return f"{coin.name} ({network})"
