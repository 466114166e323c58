"""The house rules as functions: each reads one file and yields what breaks a rule, with its line.

tests/test_tidy.py runs them over the tree and shows each of them something that it must refuse.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

BANNED_MODULES = frozenset(
    {"utils", "util", "helpers", "helper", "manager", "common", "base", "misc"}
)
ALLOWED_MODULES = frozenset({"web/base.py"})  # the base handler of every page and call

# A chain tx, a payment or a database transaction: the bare word says none of them. Names of a
# node's calls and fields (`gettransaction`, "transactions") are its own words: they stay, quoted.
BARE_TRANSACTION = re.compile(
    r"(?<!database )(?<![\w`\"'.<-])transactions?(?![\w`\"'(>-])", re.IGNORECASE
)

MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:work|Users)/\w|(?<![\w.:/-])/(?:root)/\.?\w")
REGISTRY = re.compile(
    r"https?://[\w.-]*(?:pypi|pythonhosted|npmjs|crates)\.\w+|--(?:extra-)?index[-]url|--find[-]links"
)
SWITCHED_OFF = re.compile(
    r"\|\|[ ]true\b|\b(?:TO[D]O|FI[X]ME)\b"
    r"|\bpytest\.(?:mark\.)?(?:skip|skipif|xfail|importorskip)\b"
)


@dataclass(frozen=True)
class SourceFile:
    """One file of the tree: `path` relative to the top with forward slashes, and its text."""

    path: str
    text: str

    @property
    def lines(self) -> list[str]:
        """The file's lines without their ends."""
        return self.text.splitlines()

    def tree(self) -> ast.Module:
        """The parsed module; raises SyntaxError for what is no Python."""
        return ast.parse(self.text, filename=self.path)


@dataclass(frozen=True)
class Finding:
    """One broken rule: where, and what to do about it."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def file_is_short(file: SourceFile) -> Iterator[Finding]:
    """A file fits a few screens."""
    if len(file.lines) > FILE_LINES_MAX:
        what = f"{len(file.lines)} lines, at most {FILE_LINES_MAX}: cut it along what it owns"
        yield Finding(file.path, FILE_LINES_MAX + 1, what)


def functions_are_short(file: SourceFile) -> Iterator[Finding]:
    """A function fits one screen, docstring included."""
    for node in ast.walk(file.tree()):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                what = f"{node.name} has {length} lines, at most {FUNCTION_LINES_MAX}"
                yield Finding(file.path, node.lineno, what)


def module_says_what_it_owns(file: SourceFile) -> Iterator[Finding]:
    """A module begins with a docstring; an empty __init__ of a tests folder has nothing to say."""
    if file.path.startswith("tests/") and file.path.endswith("__init__.py") and not file.text:
        return
    if not ast.get_docstring(file.tree()):
        yield Finding(file.path, 1, "no module docstring: say first what this module owns")


def module_name_says_something(file: SourceFile) -> Iterator[Finding]:
    """No drawer where anything fits."""
    parts = file.path.removesuffix(".py").split("/")
    bad = sorted(BANNED_MODULES.intersection(parts))
    if bad and file.path not in ALLOWED_MODULES:
        yield Finding(file.path, 1, f"a module named {bad[0]}: name it for what it owns")


def money_is_no_float(file: SourceFile) -> Iterator[Finding]:
    """No float literal and no float(): only a time-out may be one, marked `# seconds`."""
    for node in ast.walk(file.tree()):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        call = isinstance(node, ast.Call) and getattr(node.func, "id", None) == "float"
        if not (literal or call):
            continue
        assert isinstance(node, ast.expr)
        if not re.search(r"#\s*seconds\b", file.lines[node.lineno - 1]):
            what = "a float: money is integers in units; mark a time-out with `# seconds`"
            yield Finding(file.path, node.lineno, what)


def names_say_which_transaction(file: SourceFile) -> Iterator[Finding]:
    """Names we give say chain_tx, payment or database_transaction."""
    for line, name in _names_given(file.tree()):
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_")
        bare = {"transaction", "transactions"}.intersection(words)
        if bare and "database" not in words:
            what = f"the name {name}: say chain_tx, payment or database_transaction"
            yield Finding(file.path, line, what)


def comments_say_which_transaction(file: SourceFile) -> Iterator[Finding]:
    """Comments and docstrings do likewise."""
    for line, text in _prose(file):
        flat = re.sub(r"\s+", " ", text)
        if BARE_TRANSACTION.search(flat):
            what = "a bare 'transaction': a chain tx, a payment or a database transaction?"
            yield Finding(file.path, line, what)


def nothing_is_switched_off(file: SourceFile) -> Iterator[Finding]:
    """A rule that cannot fail rots: no skipped test, no swallowed exit code, nothing left to do."""
    yield from _matches(file, SWITCHED_OFF, "switched off or unfinished")


def names_no_machine(file: SourceFile) -> Iterator[Finding]:
    """No path of one machine and no address of a package registry is in the tree."""
    yield from _matches(file, MACHINE_PATH, "a path of one machine")
    yield from _matches(file, REGISTRY, "a package registry")


def has_one_title(file: SourceFile) -> Iterator[Finding]:
    """A Markdown file has one `# ` title; comments inside code fences are none."""
    titles = [number for number, line in _outside_fences(file) if line.startswith("# ")]
    if len(titles) != 1:
        line = titles[1] if len(titles) > 1 else 1
        yield Finding(file.path, line, f"{len(titles)} titles (`# `), exactly one")


def styles_stay_in_their_screen(file: SourceFile) -> Iterator[Finding]:
    """A screen's style rules nest under their screen: Textual applies them to the whole app."""
    depth = 0
    screen = "".join(part.title() for part in file.path.split("/")[-1].split(".")[0].split("_"))
    for number, line in enumerate(file.lines, start=1):
        selector = line.strip()
        if depth == 0 and "{" in selector and not selector.startswith(f"{screen}Screen"):
            yield Finding(file.path, number, f"nest this rule under {screen}Screen")
        depth += line.count("{") - line.count("}")


def links_of(file: SourceFile) -> Iterator[tuple[int, str]]:
    """Yields line and target of each link to a file of ours (no URL, no mail, no mere anchor)."""
    for number, line in _outside_fences(file):
        for target in re.findall(r"\]\(([^)\s]+)\)", line):
            if not re.match(r"[a-z]+:|#", target):
                yield number, target.split("#")[0]


def _matches(file: SourceFile, pattern: re.Pattern[str], what: str) -> Iterator[Finding]:
    for number, line in enumerate(file.lines, start=1):
        if found := pattern.search(line):
            yield Finding(file.path, number, f"{what}: {found.group()}")


def _outside_fences(file: SourceFile) -> Iterator[tuple[int, str]]:
    fenced = False
    for number, line in enumerate(file.lines, start=1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, line


def _names_given(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case _:
                pass


def _prose(file: SourceFile) -> Iterator[tuple[int, str]]:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(file.tree()):
        if isinstance(node, documented) and (docstring := ast.get_docstring(node)):
            yield node.body[0].lineno, docstring
    for token in tokenize.generate_tokens(io.StringIO(file.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
