# The base without extras, everything compiled inside. Runs as nobody in particular, also with a read-only root:
#
#   docker build -t mismatch .
#   docker run --rm --read-only --network none -v "$PWD:/data" --user "$(id -u)" mismatch gate today.jsonl --flagged review.jsonl
#
# Outputs are written beside where they end up, so that nothing but /data has to be writable.

FROM python:3.12-slim AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY mismatch mismatch
COPY models/starter.joblib models/starter.joblib
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:3.12-slim
# Compiled for every processor of the architecture, as the image may run on another than it was built on.
ENV NUMBA_CPU_NAME=generic PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN --mount=from=wheel,source=/wheel,target=/wheel \
    pip install --no-cache-dir --compile /wheel/*.whl && mismatch compile
RUN useradd --system --uid 10001 --home-dir /data --no-create-home mismatch && install -d -o mismatch /data
USER 10001
WORKDIR /data
ENTRYPOINT ["mismatch"]
CMD ["--help"]
