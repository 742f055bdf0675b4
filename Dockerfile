# The dashboard's image: web, worker and beat differ in their command alone. The engine is for demonstrations: not here.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    DRIFTLINE_VAR=/app/var

# letters for the pictures in messages
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-dejavu-core libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements.txt ./
RUN pip install --requirement requirements.txt
COPY manage.py ./
COPY assays assays
COPY dashboard dashboard
COPY typedapi typedapi
COPY templates templates
COPY static static
RUN useradd --system driftline \
    && python manage.py collectstatic --noinput --verbosity 0 \
    && chown -R driftline var

USER driftline
EXPOSE 8000
CMD ["gunicorn", "dashboard.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", \
     "--threads", "8", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
