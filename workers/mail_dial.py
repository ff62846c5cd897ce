"""Opening a connection to the mail server, up to where a mail can follow. Private to
`workers.mailer`."""

import socket
import ssl

from app.smtp_url import MailServer
from workers.mail_wire import Conversation, Lost, NotOffered
from workers.outbound_attempt import Attempt, SendFailed
from workers.outbound_dial import connect_to
from workers.outbound_dns import Names

_MOST_ADDRESSES = 4


def dial(
    server: MailServer, names: Names, context: ssl.SSLContext, attempt: Attempt
) -> Conversation:
    """Connect, greet, secure, sign in. Raises Refused, NotOffered or Lost."""
    try:
        talk = Conversation(_connect(server, names, attempt))
    except SendFailed as failure:
        raise Lost(failure.kind, "connect") from None
    try:
        _begin(talk, server, context, attempt)
    except OSError as error:
        attempt.drop(talk.sock)
        raise Lost.because(error, talk.stage) from None
    except BaseException:
        attempt.drop(talk.sock)
        raise
    return talk


def _begin(
    talk: Conversation, server: MailServer, context: ssl.SSLContext, attempt: Attempt
) -> None:
    if server.tls == "implicit":
        _secure(talk, server, context, attempt)
    talk.greet()
    name = _own_name(talk.sock)
    talk.hello(name)
    if server.tls in ("required", "if-offered"):
        _start_tls(talk, server, name, context, attempt)
    if server.user:
        talk.sign_in(server.user, server.password)


def tls_context(server: MailServer) -> ssl.SSLContext:
    """What is asked of the server's certificate."""
    context = ssl.create_default_context()
    if not server.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _connect(server: MailServer, names: Names, attempt: Attempt) -> socket.socket:
    kind = "host_unreachable"
    for address in names.lookup(server.host, server.port, attempt)[:_MOST_ADDRESSES]:
        try:
            return connect_to(address, server.port, attempt)
        except TimeoutError:
            kind = "connection_timeout"
        except ConnectionRefusedError:
            kind = "connection_refused"
        except OSError:
            kind = "host_unreachable"
        attempt.check()
    raise SendFailed(kind)


def _start_tls(
    talk: Conversation, server: MailServer, name: str, context: ssl.SSLContext, attempt: Attempt
) -> None:
    if "STARTTLS" not in talk.extensions:
        if server.tls == "required":
            raise NotOffered("does not offer STARTTLS, and SMTP_URL asks for it")
        return
    talk.begin_tls()
    _secure(talk, server, context, attempt)
    talk.hello(name)  # what was offered before TLS does not count


def _secure(
    talk: Conversation, server: MailServer, context: ssl.SSLContext, attempt: Attempt
) -> None:
    try:
        secure = context.wrap_socket(
            talk.sock, server_hostname=server.host, do_handshake_on_connect=False
        )
        talk.sock = secure
        attempt.hold(secure)
        secure.do_handshake()
    except (OSError, ValueError) as error:
        raise Lost("tls_failed", "TLS", _reason(error)) from None


def _reason(error: Exception) -> str:
    """What TLS found wrong, in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return getattr(error, "reason", None) or "the handshake was broken off"


def _own_name(sock: socket.socket) -> str:
    """How we introduce ourselves: a full host name if there is one, else our address."""
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    address = sock.getsockname()[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
