# One image for every process: `node server.ts` (the default), `node worker.ts`, `node listener.ts`, `node migrate.ts`.
FROM node:24-slim AS build
WORKDIR /mooring
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save --include=dev --no-audit --no-fund
COPY . .
RUN node bootstrap.mjs && npm prune --omit=dev --no-save --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production MOORING_BIND=0.0.0.0
# Temporal's native core uses the system's certificate authorities, and the slim image has none.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /mooring
COPY --from=build --chown=root:root /mooring ./
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT ?? 3000}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "server.ts"]
