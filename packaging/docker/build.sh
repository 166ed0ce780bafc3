#!/usr/bin/env bash
# Build the image with the first of docker, podman and buildah that can build here.
#
#   packaging/docker/build.sh [--tag NAME] [--extras LIST] [--index-url URL] [--torch-index URL] [--python 3.12]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
tag=sftsec:$version
arguments=()
while (($#)); do
  (($# > 1)) || { echo "build.sh: $1 needs a value" >&2; exit 2; }
  case $1 in
    --tag) tag=$2 ;;
    --extras) arguments+=(--build-arg "EXTRAS=$2") ;;
    --index-url) arguments+=(--build-arg "INDEX_URL=$2") ;;
    --torch-index) arguments+=(--build-arg "TORCH_INDEX=$2") ;;
    --python) arguments+=(--build-arg "PYTHON=$2") ;;
    *) echo "build.sh: unknown option $1 (--tag, --extras, --index-url, --torch-index, --python)" >&2; exit 2 ;;
  esac
  shift 2
done

# A docker client without a daemon cannot build.
if docker info >/dev/null 2>&1; then
  builder=(env DOCKER_BUILDKIT=1 docker build)
elif command -v podman >/dev/null; then
  builder=(podman build --format docker --ignorefile packaging/docker/Dockerfile.dockerignore) # OCI has no HEALTHCHECK
elif command -v buildah >/dev/null; then
  builder=(buildah build --format docker --ignorefile packaging/docker/Dockerfile.dockerignore)
else
  echo 'build.sh: nothing can build an image here: start the Docker daemon, or install podman or buildah' >&2
  exit 69
fi
exec "${builder[@]}" --file packaging/docker/Dockerfile --tag "$tag" "${arguments[@]}" .
