# The server with the module in it.
#   docker build --tag seckill .
#   docker run --rm --publish 127.0.0.1:6379:6379 --volume seckill:/data seckill
#   docker run … seckill --requirepass secret --maxmemory 8gb     (any setting of the server, appended)

# Both can be replaced where other images are the trusted ones; both must be of the same Debian release.
ARG BUILD_IMAGE=docker.io/library/rust:1.95-bookworm
ARG RUNTIME_IMAGE=docker.io/library/debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
# libclang and its headers generate the bindings to the server's module API.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev libclang1-14 libclang-common-14-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN cargo build --release --locked --package seckill \
 && strip --strip-debug target/release/libseckill.so

FROM ${RUNTIME_IMAGE}
# The package makes the user `redis`.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends redis-server \
 && rm -rf /var/lib/apt/lists/* \
 && install --directory --owner=redis --group=redis --mode=0750 /data
COPY --from=build /build/target/release/libseckill.so /usr/lib/redis/modules/libseckill.so
COPY redis.conf /etc/redis/seckill.conf
USER redis
WORKDIR /data
VOLUME /data
EXPOSE 6379
# The server answers and has the module. With a password, set REDISCLI_AUTH.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["sh", "-c", "redis-cli ping | grep -q PONG && redis-cli module list | grep -q seckill"]
# A container's loopback reaches nobody: it listens on all of its interfaces,
# and what is published, and to whom, is decided where it is run.
ENTRYPOINT ["redis-server", "/etc/redis/seckill.conf", \
  "--loadmodule", "/usr/lib/redis/modules/libseckill.so", \
  "--dir", "/data", "--bind", "*", "-::*", "--protected-mode", "no"]
CMD []
