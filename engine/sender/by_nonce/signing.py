"""One round of signing: payments in the order of their requests for each currency and address, as
far as funds, caps and the pools of nodes reach; and why the others wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from db.models import Payment
from engine.chain import BlockRef
from engine.config import Currency
from engine.errors import CashierError, NodeDown, NodeRefused
from engine.sender.by_nonce import offers
from engine.sender.by_nonce.entries import source_account
from engine.sender.by_nonce.funds import Purse
from engine.sender.by_nonce.making import Signing
from engine.sender.by_nonce.offers import PLAIN_GAS, GasTooHigh
from engine.sender.by_nonce.reserve import Numbers
from engine.sender.fees import FeeTooHigh
from engine.sender.sender import FUNDS, NO_FUNDS
from engine.sending import REVERTED, Offer, Payer, Rates, Send

SIGNED_MAX = 50  # in one round, before the node is asked for news again
UNMINED_MAX = 64  # sends of one address that nodes keep in their pools
PASSED_MAX = 100  # payments that a round asks the node about, and cannot send by themselves

REJECTED = "the receiver's contract does not take it"
NOT_MOVED = "the token's contract does not let it be sent there"
TOO_MUCH_WORK = "the receiver's contract takes more work than is allowed here"
LESS_THERE = "the node shows less in the hot wallet than our books"

_Key = tuple[str, str]  # currency, address that pays


class _Short(CashierError):
    """Nothing more of this currency can be paid from this address now; says why."""

    code = "funds_short"


class _Unpayable(CashierError):
    """It will never be taken where it should go; says why."""

    code = "unpayable"


class SigningRound:
    """`currencies` begin with the chain's own; `hot` pays where a payment names no source.
    `reasons` tells, by payment, why it waits, `refused` why it will never be sent."""

    def __init__(
        self,
        currencies: Sequence[Currency],
        payer: Payer,
        *,
        tip: BlockRef,
        rates: Rates,
        hot: str,
        go_on: Callable[[], None],
    ) -> None:
        self._currencies = {each.symbol: each for each in currencies}
        self._ground = currencies[0]
        self._payer = payer
        self._tip = tip
        self._rates = rates
        self._hot = hot
        self._go_on = go_on
        self._purse = Purse(self._ground.symbol, height=tip.height)
        self._numbers = Numbers(self._ground.symbol, payer)
        self._closed: dict[_Key, str] = {}
        self._made = self._passed = 0
        self.reasons: dict[str, str] = {}
        self.refused: dict[str, str] = {}

    def parts(self, payments: Sequence[Payment]) -> Iterator[list[Payment]]:
        """Those worth a look, as many at a time as may be signed yet; each part is to be signed
        before the next one is taken, so that little is proved in vain."""
        left = self._worth_a_look(payments)
        while left and not self._is_done():
            part, left = self._with_room(left)
            if not part:
                return
            yield part

    def _with_room(self, payments: Sequence[Payment]) -> tuple[list[Payment], list[Payment]]:
        """The first that nodes would keep in their pools beside what is there, and the rest, both
        in their order."""
        ahead: dict[str, int] = defaultdict(int)
        part, rest = list[Payment](), list[Payment]()
        for payment in payments:
            source = self._source(payment)
            has_room = self._purse.unmined(source) + ahead[source] < UNMINED_MAX
            if has_room and self._made + len(part) < SIGNED_MAX:
                ahead[source] += 1
                part.append(payment)
            else:
                rest.append(payment)
        return part, rest

    def _is_done(self) -> bool:
        return self._made == SIGNED_MAX or self._passed == PASSED_MAX

    def _worth_a_look(self, payments: Sequence[Payment]) -> list[Payment]:
        """Those that there may be enough for, and those that nobody looked at before: what waits
        for funds is not proved anew in each round."""
        self._purse.read({self._source(each) for each in payments})
        wanted: dict[_Key, int] = defaultdict(int)
        short: dict[_Key, str] = {}
        found: list[Payment] = []
        for payment in payments:
            if len(found) == SIGNED_MAX + PASSED_MAX:
                break
            key = payment.currency, self._source(payment)
            wanted[key] += int(payment.units or 0)
            if wanted[key] <= self._purse.available(*key):
                found.append(payment)
            else:
                self.reasons[payment.id] = short.get(key, NO_FUNDS)
                short.setdefault(key, _behind(payment, NO_FUNDS))
                found += [payment] if FUNDS not in payment.reason else []
        return found

    def sign(self, payable: Iterable[tuple[str, Payment]]) -> list[Signing]:
        """Signed chain txs for as many of these, each given with its payee as the node spells it,
        as can be sent now. Raises NodeDown, EngineStopping."""
        made: list[Signing] = []
        for address, payment in payable:
            key = payment.currency, self._source(payment)
            if key in self._closed:
                self.reasons[payment.id] = self._closed[key]
                continue
            if self._is_done():
                break
            if self._purse.unmined(key[1]) >= UNMINED_MAX:
                continue
            self._go_on()
            signing = self._sign_or_say(address, payment, key)
            made += [signing] if signing is not None else []
            self._made += signing is not None
            self._passed += signing is None
        return made

    def _sign_or_say(self, address: str, payment: Payment, key: _Key) -> Signing | None:
        self.reasons.pop(payment.id, None)
        try:
            return self._sign(address, payment)
        except _Short as error:
            self.reasons[payment.id] = str(error)
            self._closed[key] = _behind(payment, str(error))
        except _Unpayable as error:
            self.refused[payment.id] = str(error)
        except (FeeTooHigh, GasTooHigh, NodeRefused) as error:
            self.reasons[payment.id] = f"waiting: {error}"
        return None

    def _sign(self, address: str, payment: Payment) -> Signing:
        source = self._source(payment)
        send = Send(source, payment.currency, address, int(payment.units or 0))
        if self._purse.available(send.currency, source) < send.units:
            raise _Short(NO_FUNDS)
        offer = self._offer(payment, send)
        number = self._numbers.take(source)
        try:
            signed = self._payer.sign(send, nonce=number, offer=offer)
        except NodeRefused:
            self._numbers.give_back(source, number)
            raise
        self._purse.take(send.currency, source, units=send.units, most=offer.most)
        return Signing(payment, send, number, offer, signed, source_account(payment))

    def _offer(self, payment: Payment, send: Send) -> Offer:
        currency, coin = self._currencies[send.currency], self._ground.symbol
        cap = offers.cap_of(currency, self._ground, payment)
        offers.offer(self._rates, PLAIN_GAS, most=cap)  # too dear for any: the node is not asked
        gas = self._gas(payment, send)
        offer = offers.offer(self._rates, gas, most=cap)
        there = self._purse.available(coin, send.source)
        there -= send.units if send.currency == coin else 0
        if offer.most > there:
            try:
                offer = offers.offer(self._rates, gas, most=max(0, there))
            except FeeTooHigh:
                raise _Short(NO_FUNDS if send.currency == coin else no_gas(coin)) from None
        is_ours_to_pay = currency.is_token or payment.kind == "transfer"
        if is_ours_to_pay and self._purse.own_funds < offer.most:
            raise _Short(no_own_funds(coin))
        return offer

    def _gas(self, payment: Payment, send: Send) -> int:
        """What it takes, within `gas_max`. A client's payment that its receiver does not take is
        not kept waiting for ever."""
        currency = self._currencies[send.currency]
        is_clients = payment.kind == "withdrawal"
        try:
            estimate = self._payer.gas_of(send)
        except NodeRefused as error:
            if error.rpc_code != REVERTED or not is_clients:
                raise
            raise self._rejected(currency, send) from None
        try:
            return offers.gas_for(estimate, most=currency.withdrawal.gas_max)
        except GasTooHigh as error:
            if not is_clients or currency.is_token:
                raise
            raise _Unpayable(TOO_MUCH_WORK, detail=str(error)) from None

    def _rejected(self, currency: Currency, send: Send) -> CashierError:
        """Why a contract undoes it. A token's does so, too, where there is too little of it, and
        any may where the node is not at our block any more."""
        if self._payer.block(self._tip.hash) is None:
            raise NodeDown("the node's chain moved while it was asked")
        if not currency.is_token:
            return _Unpayable(REJECTED)
        (there,) = self._payer.balances([(send.currency, send.source)], at=self._tip.hash)
        if there is None or there < send.units:
            return _Short(f"waiting: {LESS_THERE}")
        return _Unpayable(NOT_MOVED)

    def _source(self, payment: Payment) -> str:
        return payment.source or self._hot


def _behind(first: Payment, reason: str) -> str:
    """Why the others of a currency wait where the first one does: nobody is overtaken."""
    return f"behind {first.id}, which waits{reason.removeprefix('waiting')}"


def no_gas(coin: str) -> str:
    """Why a token waits whose address has nothing for the network."""
    return f"waiting for {coin} to pay the network's fee"


def no_own_funds(coin: str) -> str:
    """Why a send waits that only clients' coins would pay for."""
    return f"waiting for {coin} of the house's own to pay the network's fee"


def told_apart(payments: Sequence[Payment]) -> Mapping[str, list[Payment]]:
    """Payments by their currency."""
    found: dict[str, list[Payment]] = defaultdict(list)
    for payment in payments:
        found[payment.currency].append(payment)
    return found
