# rvosbench on a CPU. Runs the demo unless another command is named:
#   docker build -t rvosbench .
#   docker run --rm -v "$PWD/rvos:/work" --user "$(id -u):$(id -g)" rvosbench
#   docker run --rm -v "$PWD/rvos:/work" --user "$(id -u):$(id -g)" --network none rvosbench evaluate runs/soc
FROM python:3.11-slim

# PyTorch's own index: the torch wheels of PyPI for Linux bring CUDA, several gigabytes that a CPU has no use for.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib

WORKDIR /opt/rvosbench

# The large layer first; it changes only with the pin.
COPY constraints.txt ./
RUN python -m pip install --no-deps --index-url "$TORCH_INDEX" "$(grep '^torch==' constraints.txt)"

COPY pyproject.toml README.md LICENSE ./
COPY rvosbench rvosbench
COPY cli cli
RUN python -m pip install -c constraints.txt . \
    && rvos --version

# Not root: what reads strangers' files should own nothing.
RUN useradd --create-home --uid 1000 rvos \
    && install --directory --owner rvos --group rvos /work
USER rvos
WORKDIR /work

ENTRYPOINT ["rvos"]
CMD ["demo", "--out", "/work/demo"]
