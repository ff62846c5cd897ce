"""A document as HTML. Markdown itself can say no markup: raw HTML is shown as the text it is, so
nothing in a document can run, load or restyle."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

Rewrite = Callable[[str], str | None]

_CODE = Markup(
    '<div class="payload"><div class="payload-head"><span id="{key}-label">{what}</span>'
    '<button type="button" class="link-button needs-script" data-copy-from="{key}"'
    ' aria-label="Copy example {number}">copy</button></div>'
    '<pre id="{key}" tabindex="0" role="group" aria-labelledby="{key}-label">{text}</pre></div>\n'
)
_TABLE = '<div class="doc-table" tabindex="0" role="group" aria-label="Table">\n<table>\n'


@dataclass(slots=True)
class Section:
    """A heading and what stands below it. `text`: its words, to be searched. The first one of a
    page may have no heading of its own."""

    level: int
    anchor: str
    title: str
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    html: Markup
    sections: tuple[Section, ...]
    tokens: tuple[Token, ...]


def parse(text: str) -> list[Token]:
    """The blocks of a document."""
    return _markdown.parse(text)


def render(text: str, rewrite: Rewrite) -> Document:
    """A document. `rewrite`: where a link or a picture leads here, None for nowhere."""
    tokens = parse(text)
    sections = _name_headings(tokens)
    for token in _all(tokens):
        _lead(token, rewrite)
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    title = next((each.title for each in sections if each.title), "")
    return Document(title, Markup(html), tuple(sections), tuple(tokens))  # noqa: S704 - see above


def _name_headings(tokens: list[Token]) -> list[Section]:
    """Give headings the names that code hosts give them; returns the sections that they begin."""
    sections, taken = [Section(1, "", "")], set[str]()
    for before, token in zip([None, *tokens], tokens, strict=False):
        if before is not None and before.type == "heading_open":
            title = words(token)
            anchor = anchor_of(title, taken)
            taken.add(anchor)
            before.attrSet("id", anchor)
            sections.append(Section(int(before.tag[1]), anchor, title))
        elif token.type in ("inline", "fence", "code_block"):
            sections[-1].words.append(words(token) if token.children else token.content)
    return sections


def anchor_of(title: str, taken: Iterable[str]) -> str:
    """The name that code hosts give to a heading; a number tells it from those that are taken."""
    name = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
    later = next(n for n in range(1000) if (f"{name}-{n}" if n else name) not in taken)
    return f"{name}-{later}" if later else name


def words(token: Token) -> str:
    """What is read of a line."""
    inside = token.children or ()
    return "".join(" " if each.type == "softbreak" else each.content for each in inside)


def _all(tokens: Iterable[Token]) -> Iterable[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _lead(token: Token, rewrite: Rewrite) -> None:
    name = {"link_open": "href", "image": "src"}.get(token.type)
    if name is None:
        return
    target = rewrite(str(token.attrs[name]))
    if target is None:
        del token.attrs[name]  # a link that leads nowhere here, such as to a folder
    else:
        token.attrs[name] = target
    if token.type == "image":
        token.attrs["loading"] = "lazy"


def _fence(_: RendererHTML, tokens: list[Token], at: int, *__: object) -> str:
    number = sum(token.type in ("fence", "code_block") for token in tokens[: at + 1])
    what = tokens[at].info.split(" ")[0] or "text"
    given = {"key": f"code-{number}", "number": number, "what": what}
    return _CODE.format(text=tokens[at].content.rstrip("\n"), **given)


def _table_open(*_: object) -> str:
    return _TABLE


def _table_close(*_: object) -> str:
    return "</table>\n</div>\n"


def _cell(renderer: RendererHTML, tokens: list[Token], at: int, options, env) -> str:  # type: ignore[no-untyped-def]
    """Alignment is a class: the content security policy refuses styles in elements."""
    if tokens[at].attrs.pop("style", None) == "text-align:right":
        tokens[at].attrs["class"] = "number"
    return renderer.renderToken(tokens, at, options, env)


def _make() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    for name, rule in {
        "fence": _fence,
        "code_block": _fence,
        "table_open": _table_open,
        "table_close": _table_close,
        "td_open": _cell,
        "th_open": _cell,
    }.items():
        markdown.add_render_rule(name, rule)
    return markdown


_markdown = _make()
