"""The house rules over the whole tree: size, words, floats, mirrored tests, docs, dependencies."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import house_rules as rules
from tests.house_rules import Finding, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Rule = Callable[[SourceFile], Iterable[Finding]]

TOP = Path(__file__).resolve().parent.parent
NOT_OURS = frozenset({".venv", "build", "dist", "node_modules", "var", "__pycache__"})
HIDDEN_BUT_OURS = frozenset({".ci", ".gitignore", ".pre-commit-config.yaml"})
BINARY = frozenset({".png", ".jpg", ".ico", ".woff2", ".gz", ".db"})
MIRRORED = ("commands", "console", "db", "engine", "web")

# Modules whose claims are proved elsewhere than in their mirror, each with the test that does it.
TESTED_ELSEWHERE: dict[str, str] = {
    "engine/approvals/curing.py": "tests/engine/approvals/test_cures.py",
    "engine/approvals/withdrawals.py": "tests/engine/sender/test_papers.py",
    "engine/chain_thread.py": "tests/engine/test_daemon.py",
    "engine/deposits/standing.py": "tests/engine/deposits/test_cases_rules.py",
    "engine/families/bitcoin/wallet.py": "tests/engine/test_wallet_conformance.py",
    # The parts of the sender prove themselves together: what counts is that each is paid once.
    "engine/sender/attempts.py": "tests/engine/sender/test_exactly_once.py",
    "engine/sender/asked.py": "tests/engine/sender/test_paying.py",
    "engine/sender/broadcast.py": "tests/engine/sender/test_exactly_once.py",
    "engine/sender/by_nonce/asking.py": "tests/engine/sender/by_nonce/test_on_anvil.py",
    "engine/sender/by_nonce/bump.py": "tests/engine/sender/by_nonce/test_fees_and_funds.py",
    "engine/sender/by_nonce/checks.py": "tests/engine/sender/by_nonce/test_on_anvil.py",
    "engine/sender/by_nonce/entries.py": "tests/engine/sender/by_nonce/test_odd_contracts.py",
    "engine/sender/by_nonce/following.py": "tests/engine/sender/by_nonce/test_turning_chains.py",
    "engine/sender/by_nonce/funds.py": "tests/engine/sender/by_nonce/test_fees_and_funds.py",
    "engine/sender/by_nonce/judgement.py": "tests/engine/sender/by_nonce/test_questions.py",
    "engine/sender/by_nonce/looks.py": "tests/engine/sender/by_nonce/test_odd_contracts.py",
    "engine/sender/by_nonce/losing.py": "tests/engine/sender/by_nonce/test_turning_chains.py",
    "engine/sender/by_nonce/making.py": "tests/engine/sender/by_nonce/test_on_anvil.py",
    "engine/sender/by_nonce/noting.py": "tests/engine/sender/by_nonce/test_turning_chains.py",
    "engine/sender/by_nonce/offers.py": "tests/engine/sender/by_nonce/test_fees_and_funds.py",
    "engine/sender/by_nonce/reserve.py": "tests/engine/sender/by_nonce/test_turning_chains.py",
    "engine/sender/by_nonce/sender.py": "tests/engine/sender/by_nonce/test_on_anvil.py",
    "engine/sender/by_nonce/settle.py": "tests/engine/sender/by_nonce/test_odd_contracts.py",
    "engine/sender/by_nonce/signing.py": "tests/engine/sender/by_nonce/test_on_anvil.py",
    "engine/sender/composing.py": "tests/engine/sender/test_paying.py",
    "engine/sender/due.py": "tests/engine/sender/test_paying.py",
    "engine/sender/following.py": "tests/engine/sender/test_exactly_once.py",
    "engine/sender/losing.py": "tests/engine/sender/test_exactly_once.py",
    "engine/sender/readable.py": "tests/engine/sender/test_exactly_once.py",
    "engine/sender/judged.py": "tests/engine/sender/test_paid_before.py",
    "engine/sender/released.py": "tests/engine/sender/by_nonce/test_balance_only.py",
    "engine/sender/sender.py": "tests/engine/sender/test_paying.py",
}

PYTHON = r".*\.py"
CODE = rf"(?:{'|'.join(MIRRORED)})/.*\.py|cashier\.py"
SHOWN = (
    r"(?!requirements\.lock)(?!docs/.*\.json).*\.(?:py|js|css|tcss|html|sh|toml)|Makefile|\.ci/.*"
)

RULES: list[tuple[str, Rule]] = [
    (SHOWN, rules.file_is_short),
    (PYTHON, rules.functions_are_short),
    (PYTHON, rules.module_says_what_it_owns),
    (PYTHON, rules.module_name_says_something),
    (r"(?:db|engine)/.*\.py", rules.money_is_no_float),
    (CODE, rules.names_say_which_transaction),
    (CODE, rules.comments_say_which_transaction),
    (r".*\.py|.*\.sh|Makefile|\.ci/.*", rules.nothing_is_switched_off),
    (r".*", rules.names_no_machine),
    (r".*\.md", rules.has_one_title),
    (r"console/screens/.*\.tcss", rules.styles_stay_in_their_screen),
]

BAD: list[tuple[Rule, str, str]] = [
    (rules.file_is_short, "engine/x.py", "a = 1\n" * 401),
    (rules.functions_are_short, "engine/x.py", "def f():\n" + "    a = 1\n" * 60),
    (rules.module_says_what_it_owns, "engine/x.py", "import os\n"),
    (rules.module_name_says_something, "engine/utils.py", ""),
    (rules.module_name_says_something, "web/helpers/x.py", ""),
    (rules.money_is_no_float, "engine/x.py", "fee = 0.1\n"),
    (rules.money_is_no_float, "engine/x.py", "fee = float(text)\n"),
    (rules.names_say_which_transaction, "engine/x.py", "def send_transaction(): ...\n"),
    (rules.names_say_which_transaction, "engine/x.py", "class TransactionRow: ...\n"),
    (rules.comments_say_which_transaction, "engine/x.py", "# stores the transaction\n"),
    (rules.comments_say_which_transaction, "engine/x.py", '"""Sees each transaction."""\n'),
    (rules.nothing_is_switched_off, ".ci/run", "make test |" + "| true\n"),
    (rules.nothing_is_switched_off, "tests/test_x.py", "@pytest.mark." + "skip\n"),
    (rules.names_no_machine, "docs/x.md", "see /" + "work/main/x\n"),
    (rules.names_no_machine, "requirements.lock", "--index" + "-url here\n"),
    (rules.has_one_title, "docs/x.md", "# One\n# Two\n"),
    (rules.has_one_title, "docs/x.md", "text\n```\n# a comment\n```\n"),
    (rules.styles_stay_in_their_screen, "console/screens/x.tcss", "#x { height: 7; }\n"),
]

GOOD: list[tuple[Rule, str, str]] = [
    (rules.money_is_no_float, "engine/x.py", "timeout_s = 0.5  # seconds\n"),
    (rules.names_say_which_transaction, "db/x.py", "def database_transaction(): ...\n"),
    (rules.comments_say_which_transaction, "db/x.py", '"""One database\ntransaction."""\n'),
    (rules.comments_say_which_transaction, "db/x.py", "# `gettransaction` and 'transactions'\n"),
    (rules.has_one_title, "docs/x.md", "# One\n```\n# a comment\n```\n"),
    (
        rules.styles_stay_in_their_screen,
        "console/screens/one_payment.tcss",
        "OnePaymentScreen {\n  #x { height: 7; }\n}\n",
    ),
]


@cache
def _tree() -> tuple[SourceFile, ...]:
    return tuple(
        SourceFile(path.relative_to(TOP).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted(_files(TOP))
    )


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        name = path.name
        if name in NOT_OURS or name.endswith(".egg-info"):
            continue
        if name.startswith(".") and name not in HIDDEN_BUT_OURS:
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.suffix not in BINARY:
            yield path


def _report(findings: Iterable[Finding]) -> str:
    return "\n" + "\n".join(str(finding) for finding in findings)


@pytest.mark.parametrize(("where", "rule"), RULES, ids=lambda case: getattr(case, "__name__", ""))
def test_the_tree_obeys(where: str, rule: Rule) -> None:
    findings = [
        finding for file in _tree() if re.fullmatch(where, file.path) for finding in rule(file)
    ]
    assert not findings, _report(findings)


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_a_rule_refuses_what_breaks_it(rule: Rule, path: str, text: str) -> None:
    assert list(rule(SourceFile(path, text)))


@pytest.mark.parametrize(("rule", "path", "text"), GOOD)
def test_a_rule_lets_pass_what_keeps_it(rule: Rule, path: str, text: str) -> None:
    assert not list(rule(SourceFile(path, text)))


def test_every_rule_is_shown_something_it_refuses() -> None:
    assert {rule for _, rule in RULES} == {rule for rule, _, _ in BAD}


def _test_places(path: str) -> Iterator[str]:
    """Yields where a module's tests may be: its mirror, or one file for a package around it."""
    *folders, name = path.removesuffix(".py").split("/")
    yield "/".join(["tests", *folders, f"test_{name}"])
    for depth in range(len(folders), 1, -1):
        yield "/".join(["tests", *folders[: depth - 1], f"test_{folders[depth - 1]}"])


def _is_tested(path: str, tests: tuple[SourceFile, ...]) -> bool:
    """Tells whether a test stands for `path`.

    Either by its name (test_rpc.py, test_rpc_timeouts.py), or because it is in the folder that
    mirrors the module's and imports just this module.
    """
    return any(_is_named_for(path, test) or _imports_beside(path, test) for test in tests)


def _is_named_for(path: str, test: SourceFile) -> bool:
    name = test.path.removesuffix(".py")
    return any(name == place or name.startswith(f"{place}_") for place in _test_places(path))


def _imports_beside(path: str, test: SourceFile) -> bool:
    *folders, name = path.removesuffix(".py").split("/")
    package = re.escape(".".join(folders))
    return str(Path(test.path).parent) == "/".join(["tests", *folders]) and bool(
        re.search(
            rf"(?:from|import) {package}\.{name}\b|from {package} import .*\b{name}\b", test.text
        )
    )


def test_every_module_has_its_tests_in_the_mirrored_place() -> None:
    tests = tuple(file for file in _tree() if Path(file.path).name.startswith("test_"))
    modules = [
        file.path
        for file in _tree()
        if re.fullmatch(rf"(?:{'|'.join(MIRRORED)})/.*\.py", file.path)
        and not file.path.endswith("__init__.py")
        and file.path not in TESTED_ELSEWHERE
    ]
    assert modules
    findings = [
        Finding(path, 1, f"no tests: write {next(_test_places(path))}.py")
        for path in modules
        if not _is_tested(path, tests)
    ]
    assert not findings, _report(findings)


def test_what_is_tested_elsewhere_is_there() -> None:
    paths = {file.path for file in _tree()}
    gone = [path for pair in TESTED_ELSEWHERE.items() for path in pair if path not in paths]
    assert not gone


def test_every_tests_folder_is_a_package() -> None:
    # Without it tests/engine would shadow engine, and two test_money.py would be one module.
    folders = {Path(file.path).parent for file in _tree() if file.path.startswith("tests/")}
    python = {folder for folder in folders if any((TOP / folder).glob("*.py"))}
    assert not [folder for folder in sorted(python) if not (TOP / folder / "__init__.py").exists()]


def test_every_link_in_the_docs_leads_somewhere() -> None:
    findings = [
        Finding(file.path, line, f"no such file: {target}")
        for file in _tree()
        if file.path.endswith(".md")
        for line, target in rules.links_of(file)
        if not (TOP / file.path).parent.joinpath(target).exists()
    ]
    assert not findings, _report(findings)


def test_every_screen_has_its_module() -> None:
    styles = [file.path for file in _tree() if re.fullmatch(r"console/screens/.*\.tcss", file.path)]
    assert not [path for path in styles if not (TOP / path).with_suffix(".py").exists()]


def test_every_dependency_says_why() -> None:
    lines = (TOP / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    findings = [
        Finding("pyproject.toml", number, "a dependency without its reason in a comment")
        for number, line in enumerate(lines, start=1)
        if re.match(r'  "[\w-]+(?:\[\w+\])?[<>=~]+\d', line) and not re.search(r"# \w+", line)
    ]
    assert not findings, _report(findings)


def test_every_dependency_is_locked_with_hashes() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    locked = (TOP / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", locked, flags=re.MULTILINE)[1:]
    assert not [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry]
    names = {_canonical(entry.split("==")[0]) for entry in entries}
    assert not {_canonical(re.split(r"[\[<>=~]", want)[0]) for want in wanted} - names


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
