# One image for every part of Bleep: `door` (unless another is named), `web-api`, `web-admin`, `web-probes`, `relay`,
# `worker`, `worker-urgent`, `migrate`.
# To build on the very same base again, name it by its digest: --build-arg PYTHON_IMAGE=python:3.13-slim-trixie@sha256:…
ARG PYTHON_IMAGE=python:3.13-slim-trixie
FROM ${PYTHON_IMAGE} AS packages
COPY requirements.txt /
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r /requirements.txt \
    && /opt/venv/bin/pip uninstall --yes pip


FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 bleep \
    && useradd --uid 10001 --gid bleep --no-create-home --shell /usr/sbin/nologin bleep
COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ALIVE_FILE=/tmp/alive

WORKDIR /app
COPY manage.py ./
COPY deploy/__init__.py deploy/entrypoint deploy/granian-log.json deploy/granian_log.py deploy/healthcheck.py deploy/liveness.py \
    deploy/
COPY deploy/aws/contact-flow.json deploy/aws/permissions.toml deploy/aws/rds-ca.pem deploy/aws/
COPY docs/api.md docs/staff-guide.md docs/
COPY door door
COPY config config
COPY spelling spelling
COPY audit audit
COPY theme theme
COPY contacts contacts
COPY oncall oncall
COPY clients clients
COPY alerts alerts
COPY retention retention
COPY staff staff
# Owned by root: what runs cannot change itself.
RUN python manage.py collectstatic --no-input \
    && python -m compileall -q .

USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "deploy/healthcheck.py", "door"]
ENTRYPOINT ["deploy/entrypoint"]
CMD ["door"]
