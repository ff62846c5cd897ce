"""Reports what has grown large: files over 350 lines, functions over 50. A report, not a gate.

`python -m devtools.sizes` prints it for app/, workers/, devtools/, benchmarks/ and tests/.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parent.parent
FOLDERS = ("app", "workers", "devtools", "benchmarks", "tests")
FILE_LIMIT = 350
FUNCTION_LIMIT = 50
Size = tuple[int, str]


def files(folder: str) -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield path, path.read_text()


def functions(path: Path, text: str) -> Iterator[Size]:
    """The functions of a file with their lengths; what stands inside another counts there too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield lines, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


def describe(noun: str, sizes: list[Size], limit: int) -> Iterator[str]:
    """How large they are as a rule, then the ones over the limit, the largest first."""
    lengths = [length for length, _ in sizes]
    if len(lengths) < 2:
        return
    p90 = quantiles(lengths, n=10)[-1]
    yield f"  {len(sizes)} {noun}: median {median(lengths):.0f} lines, p90 {p90:.0f}"
    for length, name in sorted(sizes, reverse=True):
        if length > limit:
            yield f"    {length:4} {name}"


def report(folder: str) -> Iterator[str]:
    found = list(files(folder))
    yield f"{folder}/"
    per_file = [(text.count("\n"), str(path.relative_to(ROOT))) for path, text in found]
    yield from describe("files", per_file, FILE_LIMIT)
    per_function = [size for path, text in found for size in functions(path, text)]
    yield from describe("functions", per_function, FUNCTION_LIMIT)


def main() -> None:
    for folder in FOLDERS:
        if (ROOT / folder).is_dir():
            print(*report(folder), sep="\n")


if __name__ == "__main__":
    main()
