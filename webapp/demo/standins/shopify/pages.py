"""The few pages of Shopify's admin that a merchant meets on the way to the app."""

from html import escape
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from webapp.demo.standins.exchange import Answer

_STYLE = """body{margin:0;font:1rem/1.5 system-ui,sans-serif;background:#f1f1f1;color:#1a1a1a}
main{max-inline-size:32rem;margin:3rem auto;padding:1.5rem;background:#fff;border-radius:.75rem}
h1{font-size:1.25rem;margin-block-start:0}code{overflow-wrap:anywhere}
button{font:inherit;min-block-size:2.75rem;padding-inline:1.25rem;border:0;border-radius:.5rem;
background:#1a1a1a;color:#fff;cursor:pointer}button.plain{background:#e3e3e3;color:#1a1a1a}
footer{color:#616161;font-size:.875rem}"""


def page(title: str, body: str, status: int = HTTPStatus.OK) -> Answer:
    """A small page; `body` is HTML."""
    text = f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>
{body}<footer><p>A stand-in for Shopify on this machine.</p></footer></main></body></html>"""
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return Answer(status, text.encode(), headers)


def go(address: str) -> Answer:
    """A redirect that turns a POST into a GET."""
    return Answer(HTTPStatus.SEE_OTHER, b"", {"Location": address})


def with_query(address: str, **more: str) -> str:
    """`address` with more parameters."""
    parts = urlsplit(address)
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *more.items()]
    return urlunsplit(parts._replace(query=urlencode(pairs)))
