# One image for web, worker and both together; what it runs is the first argument: web, worker or run.
# Only hashed packages are installed, and nothing that is needed for tests alone.
FROM python:3.11-slim

RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin proxydesk \
    && install -d -o proxydesk -g proxydesk -m 700 /data

WORKDIR /app
COPY requirements-runtime.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-runtime.lock
COPY bot ./bot
RUN python -m compileall -q bot

ENV PYTHONUNBUFFERED=1 \
    PROXYDESK_DATA=/data \
    PROXYDESK_POLICY=/etc/proxydesk/policy.yaml

USER proxydesk
VOLUME /data
EXPOSE 3000
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
