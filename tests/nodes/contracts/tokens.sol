// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Tokens as tests meet them. All but the first misbehave in the one way that their comment names; all call
// themselves USDT with six decimals, because whoever cheats does. Whoever deploys one has its whole supply.

contract Good {
    string public constant name = "Tether USD";
    string public constant symbol = "USDT";
    uint8 public constant decimals = 6;
    uint256 public totalSupply = 1_000_000_000_000_000;
    mapping(address => uint256) internal _held;
    mapping(address => mapping(address => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    constructor() {
        _held[msg.sender] = totalSupply;
        emit Transfer(address(0), msg.sender, totalSupply);
    }

    function balanceOf(address owner) public view virtual returns (uint256) {
        return _held[owner];
    }

    function transfer(address to, uint256 value) public virtual returns (bool) {
        _move(msg.sender, to, value);
        return true;
    }

    // Anybody may move nothing from anybody, as in every token that keeps to the standard.
    function transferFrom(address from, address to, uint256 value) public virtual returns (bool) {
        allowance[from][msg.sender] -= value;
        _move(from, to, value);
        return true;
    }

    function approve(address spender, uint256 value) public returns (bool) {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    // Pays several at once: several logs in one chain tx.
    function transferMany(address[] calldata to, uint256 value) public returns (bool) {
        for (uint256 i = 0; i < to.length; i++) _move(msg.sender, to[i], value);
        return true;
    }

    // Pays, and then takes everything back by failing.
    function transferAndRevert(address to, uint256 value) public {
        _move(msg.sender, to, value);
        revert("all of it undone");
    }

    function _move(address from, address to, uint256 value) internal virtual {
        require(_held[from] >= value, "more than there is");
        _held[from] -= value;
        _held[to] += value;
        emit Transfer(from, to, value);
    }
}

// Keeps two percent of what is moved, and logs the whole.
contract FeeToken is Good {
    function _move(address from, address to, uint256 value) internal override {
        require(_held[from] >= value, "more than there is");
        _held[from] -= value;
        _held[to] += value - value / 50;
        totalSupply -= value / 50;
        emit Transfer(from, to, value);
    }
}

// Says false instead of failing, moves nothing, logs nothing.
contract FalseToken is Good {
    function transfer(address, uint256) public pure override returns (bool) {
        return false;
    }

    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return false;
    }
}

// Logs what never happened, and says true.
contract LiarToken is Good {
    function _move(address from, address to, uint256 value) internal override {
        emit Transfer(from, to, value);
    }

    function lie(address from, address to, uint256 value) public {
        emit Transfer(from, to, value);
    }
}

// Balances follow an index that its issuer moves: they change without a log.
contract RebasingToken is Good {
    uint256 public percent = 100;

    function balanceOf(address owner) public view override returns (uint256) {
        return (_held[owner] * percent) / 100;
    }

    function rebase(uint256 newPercent) public {
        percent = newPercent;
    }
}

// Moves and logs, and returns nothing, as the first USDT does.
contract NoReturnToken {
    string public constant name = "Tether USD";
    string public constant symbol = "USDT";
    uint8 public constant decimals = 6;
    uint256 public constant totalSupply = 1_000_000_000_000_000;
    mapping(address => uint256) public balanceOf;

    event Transfer(address indexed from, address indexed to, uint256 value);

    constructor() {
        balanceOf[msg.sender] = totalSupply;
    }

    function transfer(address to, uint256 value) public {
        require(balanceOf[msg.sender] >= value, "more than there is");
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        emit Transfer(msg.sender, to, value);
    }
}
