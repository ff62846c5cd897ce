# One image for all processes: web is what it runs by itself, the other lines of the Procfile are
# given as commands (deploy/compose/compose.yaml does so).
FROM python:3.11-slim-bookworm AS packages
WORKDIR /build
RUN python -m venv /opt/runsheet
# pyproject.toml says what is needed, requirements.lock which versions.
COPY pyproject.toml requirements.lock README.md ./
RUN /opt/runsheet/bin/pip install --no-cache-dir --disable-pip-version-check \
    --constraint requirements.lock .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin runsheet \
    && install --directory --owner=runsheet --group=runsheet /run/runsheet
COPY --from=packages /opt/runsheet /opt/runsheet
WORKDIR /srv/runsheet
COPY . .
ENV PATH=/opt/runsheet/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    RUNSHEET_VAR=/run/runsheet
RUN python -m compileall -q app workers migrations
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\", \"8000\")}/healthz', timeout=4)"]
# Exec form: SIGTERM reaches gunicorn and not a shell, which would keep it to itself.
CMD ["gunicorn", "--config", "gunicorn.conf.py", "app:create_app()"]
