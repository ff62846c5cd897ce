"""The HTML door: a blueprint per noun."""

from pathlib import Path

from flask import Flask

ROOT = Path(__file__).parent


def register(app: Flask) -> None:
    """Hang all pages on the application."""
