// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Contracts that pay, and contracts that are paid: what comes and goes without naming an address of ours.

// Pays in equal parts by calls of its own, as exchanges do; and pays without having paid in the end.
contract Splitter {
    function pay(address payable[] calldata to) external payable {
        for (uint256 i = 0; i < to.length; i++) _send(to[i], msg.value / to.length);
    }

    // Everything is undone: the chain tx fails.
    function payAndRevert(address payable to) external payable {
        _send(to, msg.value);
        revert("all of it undone");
    }

    // The inner call pays and is undone; the chain tx succeeds, and the coins stay here. Give it gas enough: a node's
    // estimate is satisfied as soon as the inner call fails, though it be for want of gas.
    function tryInner(address payable to) external payable {
        try this.inner(to, msg.value) {} catch {}
    }

    function inner(address payable to, uint256 value) external {
        _send(to, value);
        revert("the inner call undone");
    }

    function _send(address payable to, uint256 value) private {
        (bool sent, ) = to.call{value: value}("");
        require(sent, "not taken");
    }
}

// Takes no coins.
contract Refuser {
    receive() external payable {
        revert("no ETH here");
    }
}

// Takes coins, for far more gas than a plain payment has.
contract Hungry {
    mapping(uint256 => uint256) private _crumbs;

    receive() external payable {
        for (uint256 i = 0; i < 3; i++) _crumbs[i] = block.number;
    }
}

// Sends all it has to somebody, whose code is not asked.
contract Bomb {
    constructor() payable {}

    function blow(address payable to) external payable {
        selfdestruct(to);
    }
}

// Passes everything on to whoever its storage names. Its code alone, put to an address, has no storage there: it then
// burns what it is sent, with status 1, and the address's balance stays as it was.
contract Forwarder {
    address payable public target;

    constructor(address payable to) {
        target = to;
    }

    receive() external payable {
        (bool sent, ) = target.call{value: msg.value}("");
        require(sent, "not taken");
    }
}
