"""Which verbs of the domain each door reaches, read from the source: nobody has to remember to
write them down."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What a function that writes calls; whatever leads to one writes too.
_WRITING = ("session.add", "session.add_all", "session.delete")
_SQL = ("insert", "update", "delete", "changing")


@dataclass
class Part:
    """Something at the top of a module: what it names, what it says, and whether it writes."""

    names: set[str] = field(default_factory=set[str])
    words: set[str] = field(default_factory=set[str])
    writes: bool = False


@cache
def parts() -> dict[str, Part]:
    """Everything that `app` defines, by dotted name."""
    found: dict[str, Part] = {}
    for path in sorted((ROOT / "app").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text())
        known = _imports(tree)
        tops = [(name, node) for node in tree.body for name in _defined(node)]
        known |= {name: f"{module}.{name}" for name, _ in tops}
        for name, node in tops:
            found[f"{module}.{name}"] = Part(set(_named(node, known)), _words(node), _writes(node))
    return found


def _imports(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app"):
            found |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return found


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    targets += [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _named(node: ast.AST, known: dict[str, str]) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and each.id in known:
            yield known[each.id]
        elif isinstance(each, ast.Attribute) and _name(each.value) in known:
            yield f"{known[_name(each.value)]}.{each.attr}"


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _words(node: ast.AST) -> set[str]:
    constants = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
    return {value for value in constants if isinstance(value, str)}


def _writes(node: ast.AST) -> bool:
    first = node.args.args[:1] if isinstance(node, ast.FunctionDef) else []
    with_session = [each.arg for each in first] == ["session"]
    return any(
        _name(each.func) in _SQL or ast.unparse(each.func) in _WRITING
        if isinstance(each, ast.Call)
        # What a row says.
        else with_session and isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store)
        for each in ast.walk(node)
    )


@cache
def reached(name: str) -> frozenset[str]:
    """All that a part leads to."""
    seen: set[str] = set()
    open_ones = [name]
    while open_ones:
        for each in parts().get(open_ones.pop(), Part()).names - seen:
            seen.add(each)
            open_ones.append(each)
    return frozenset(seen)


def writes(name: str) -> bool:
    """Whether a verb changes what is stored."""
    return any(parts().get(each, Part()).writes for each in {name, *reached(name)})


def verbs_of(view: str) -> frozenset[str]:
    """The verbs that a view asks for, as it names them itself or through what its door has: not
    those that they ask in turn."""
    seen: set[str] = set()
    open_ones = [view]
    while open_ones:
        for each in parts().get(open_ones.pop(), Part()).names - seen:
            seen.add(each)
            if not each.startswith("app.domain."):
                open_ones.append(each)
    return frozenset(each for each in seen if each.startswith("app.domain.") and writes(each))


def moves_of(verbs: Iterable[str], moves: Iterable[str]) -> set[str]:
    """Which of these moves some of the verbs lead to: those that they name where they are made."""
    wanted = set(moves)
    found: set[str] = set()
    for verb in verbs:
        for each in {verb, *reached(verb)}:
            found |= parts().get(each, Part()).words & wanted
    return found
