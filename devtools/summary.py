"""What bin/dev prints when everything runs."""

from __future__ import annotations

from devtools.env import DevEnv

BOLD, PLAIN = "\033[1m", "\033[0m"


def rows(env: DevEnv, seeded: dict[str, str]) -> list[tuple[str, str]]:
    """Label and value; an empty label is a sentence of its own."""
    found = [("Console", env.merged["BASE_URL"])]
    if seeded.get("link"):
        found.append(("Signed in, once", seeded["link"]))
    if seeded.get("email"):
        password = seeded.get("password") or "(as you set it)"
        found.append(("Sign in", f"{seeded['email']}  password {password}"))
    found.append(("Demo receiver", env.url(env.receiver_port)))
    if env.needs("SMTP_URL"):
        found.append(("Caught mail", env.url(env.mail_page_port)))
    found.append(("API token", ".venv/bin/flask --app app tokens create --role admin --name me"))
    found.append(("Data", str(env.var)))
    found.append(("", "Ctrl-C ends everything; your data stays for the next start."))
    return found


def box(lines: list[tuple[str, str]], title: str, colour: bool) -> str:
    texts = [f"{label:<16} {value}" if label else value for label, value in lines]
    width = max(len(text) for text in [*texts, title])
    bold, plain = (BOLD, PLAIN) if colour else ("", "")
    body = [f"│ {text:<{width}} │" for text in texts]
    edge = "─" * (width + 2)
    head = f"│ {bold}{title:<{width}}{plain} │"
    return "\n".join([f"╭{edge}╮", head, f"├{edge}┤", *body, f"╰{edge}╯"])
