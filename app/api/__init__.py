"""The JSON door: a blueprint per noun."""

from flask import Flask


def register(app: Flask) -> None:
    """Hang all routes of the API on the application."""
