"""The bodies of a mail that tells somebody something. What comes in is rendered already: nothing
here is Liquid any more. Pure."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

_URL = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")
_BODY_STYLE = "font:15px/1.5 system-ui,sans-serif;max-width:40em"
_END = re.compile(r"</body\s*>|</html\s*>", re.IGNORECASE)


def bodies(content: Mapping[str, Any], link: str | None, about: str) -> tuple[str, str]:
    """Text and HTML of a mail. Both end with the way into the console, unless they name it
    themselves. Without HTML of its own, a mail has its text as simple HTML."""
    text = str(content["text"])
    given = content.get("html")
    html = str(given) if given else _as_html(text)
    if not link:
        return text, html
    if link not in text:
        text = f"{text.rstrip()}\n\n{link}\n"
    if link not in html and escape(link) not in html:
        html = _before_the_end(html, _way_in(link, about))
    return text, html


def _as_html(text: str) -> str:
    paragraphs = re.split(r"\n\s*\n", text.strip())
    inner = "\n".join(f"<p>{_with_links(part)}</p>" for part in paragraphs)
    return (
        '<!doctype html>\n<html><head><meta charset="utf-8"></head>\n'
        f'<body style="{_BODY_STYLE}">\n{inner}\n</body></html>\n'
    )


def _with_links(text: str) -> str:
    pieces: list[str] = []
    end = 0
    for match in _URL.finditer(text):
        url = escape(match[0])
        pieces += [escape(text[end : match.start()]), f'<a href="{url}">{url}</a>']
        end = match.end()
    pieces.append(escape(text[end:]))
    return "".join(pieces).replace("\n", "<br>\n")


def _way_in(link: str, about: str) -> str:
    return f'<p><a href="{escape(link)}">{escape(about or link)}</a></p>\n'


def _before_the_end(html: str, more: str) -> str:
    end = _END.search(html)
    return html[: end.start()] + more + html[end.start() :] if end else html + more
