# quantbot in three stages: all packages to build with, the packages it runs on, and what is left to run.
# Pin by digest for a desk of your own: docker buildx imagetools inspect node:20.20.2-bookworm-slim, then name@sha256:…
ARG NODE_IMAGE=node:20.20.2-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json vite.config.ts ./
COPY scripts scripts
COPY events events
COPY snapshots snapshots
COPY actors actors
COPY bench bench
COPY test test
COPY src src
RUN npm run --silent build

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE} AS run
ENV NODE_ENV=production \
    NO_COLOR=1 \
    QUANTBOT_HOME=/var/lib/quantbot
# What a volume is mounted on belongs to the user that writes it: a new volume takes over its owner.
RUN install -d -o node -g node -m 0700 /var/lib/quantbot /var/lib/quantbot/web /var/lib/prometheus \
    && ln -s /app/scripts/quantbot.mjs /usr/local/bin/quantbot
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY scripts/quantbot.mjs scripts/quantbot.mjs
COPY examples examples
COPY --from=build /app/dist dist
USER node
VOLUME ["/var/lib/quantbot"]
EXPOSE 7420
# Asks the process through its socket: fails where there is none, and where it does not answer.
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 CMD ["quantbot", "status", "--json"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["quantbot"]
CMD ["run", "--no-view"]
