"""A request whose body breaks off is refused, not taken for a shorter one."""

from collections.abc import Callable, Iterable
from typing import Any

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def whole_bodies(application: Wsgi) -> Wsgi:
    """Let Werkzeug count what it reads. It would trust a server that says it ends the input itself,
    as gunicorn does; but gunicorn ends it as well when the client hangs up in the middle, and what
    is left of a form or a document may mean something else."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # A chunked body says its own end; any other has only its length to be measured by.
        chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        if environ.get("CONTENT_LENGTH") and not chunked:
            environ.pop("wsgi.input_terminated", None)
        return application(environ, start_response)

    return answer
