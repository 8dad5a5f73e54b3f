/** The example of the documentation; a test reads it. */
export const exampleSiteFile: string = `site: shop
domains: [shop.example.com, api.example.com]

web:
  run: node server.js
  check: { path: /up, every: 2s, timeout: 1s, rise: 2, fall: 3 }
  machines: 2..10
  source: ./web
  ignore: ["*.log", tmp/]
  build: npm ci --omit=dev
  env: { LOG_LEVEL: info }
  secrets: { DATABASE_URL: "\${env:DATABASE_URL}", SESSION_KEY: "\${file:./session.key}" }
  sticky: true
  limit: { connections: 50, queue_timeout: 5s }
  slow_start: 20s
  drain: 1m
  backup: sorry
  scale:
    in_flight: 20
    hold: 5m
    when: [{ name: hot, if: cpu > 85% for 20s or queue > 0, do: "add max(2, 50%)" }]
    limits: { up: 100% or 8 per 30s }
  deploy: { batch: 25%, before: node migrate.js, errors: 1%, settle: 10s }
  supervise: { memory: 512MiB, cpu: 150%, stop_timeout: 30s }

api:
  run: node api.js
  check: /health
  machines: 2
  source: ./api
  balance: leastconn
  packages: [ffmpeg]
  files:
    - { path: config/api.ini, content: "mode = production", mode: 0600 }
  setup: [npm rebuild]

sorry: { run: node sorry.js, check: tcp, machines: 1 }

mailer: { run: node mailer.js, check: none }

routes:
  - { host: api.example.com, to: api }
  - { path: /api, to: api }

balancer:
  bind: 127.0.0.1:8080
  server_timeout: 1m
  maintenance_page: { from: ./maintenance.html }
`;
