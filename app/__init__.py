"""Runsheet: an operator console for workflow automation."""

from flask import Flask

from app import bells
from app.config import ConfigError, Settings
from app.domain import callback_urls
from app.domain.addresses import AllowList
from app.extensions import csrf, db, engine_options, htmx, login_manager, prepare_engine
from app.version import VERSION
from app.whole_bodies import whole_bodies

__all__ = ["VERSION", "create_app", "create_core"]


def create_app(settings: Settings | None = None) -> Flask:
    """The web application: both doors. Settings come from the environment unless given; a wrong
    one ends the process with one line."""
    # Imported here: worker processes need neither the doors nor Alembic, and these are a third of
    # a process's memory.
    from flask_migrate import Migrate

    from app import api, cli, http_counts, request_log, seeds, web
    from app.doctor.command import without_settings

    if settings is None and (patient := without_settings()) is not None:
        return patient
    app = create_core(settings)
    # First: what all others log, or refuse, carries the request's id and is counted.
    request_log.register(app)
    http_counts.register(app)
    csrf.init_app(app)
    login_manager.init_app(app)
    htmx.init_app(app)
    Migrate(app, db, directory=str(web.ROOT.parent.parent / "migrations"))
    api.register(app)  # before the pages: the converters of URLs come with it
    web.register(app)
    cli.register(app)
    seeds.register(app)
    app.wsgi_app = whole_bodies(app.wsgi_app)  # type: ignore[method-assign]
    return app


def create_core(settings: Settings | None = None) -> Flask:
    """What web and worker processes share: settings, database, bell."""
    if settings is None:
        try:
            settings = Settings.load()
            AllowList.parse(settings.outbound_allow)
        except (ConfigError, ValueError) as error:
            raise SystemExit(f"runsheet: {error}") from None
    app = Flask(__name__)
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
    )
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    bells.use(bells.RqBell(settings))
    callback_urls.use(settings.secret_key, settings.base_url)
    return app
