import type * as z from "zod";
import { entry, list, mapping, optional, record, required, withDefault } from "./field.ts";
import { count, duration, percentage, size, text } from "./form.ts";
import { scaleShape } from "./scale-schema.ts";
import * as word from "./vocabulary.ts";

const checkShape = {
  path: optional(word.urlPathForm, {
    what: "The page asked for; any answer from 200 to 399 is healthy.",
    example: "/up",
  }),
  tcp: optional(word.trueForm, {
    what: "Instead of `path`: a connection that is accepted is healthy.",
    example: true,
  }),
  none: optional(word.trueForm, {
    what: "Instead of `path`: the role does not listen, its process only has to live. It gets no requests.",
    example: true,
  }),
  host: optional(word.hostForm, {
    what: "Host name sent with the check.",
    example: "shop.example.com",
    defaultText: "the server's address",
  }),
  every: withDefault(duration(100, "1s"), "1s", { what: "Time between checks.", example: "2s" }),
  timeout: withDefault(duration(10, "1s"), "1s", {
    what: "A check without an answer after this time has failed.",
    example: "500ms",
  }),
  rise: withDefault(count(1, 100, 2), 2, {
    what: "Checks in a row that must pass before a server gets requests.",
    example: 3,
  }),
  fall: withDefault(count(1, 100, 2), 2, {
    what: "Checks in a row that must fail before a server gets no more requests.",
    example: 3,
  }),
};

const trafficShape = {
  balance: withDefault(word.balanceForm, "roundrobin", {
    what: "How requests are spread over the servers, in HAProxy's words.",
    example: "leastconn",
  }),
  weight: withDefault(count(1, 256, 100), 100, {
    what: "Share of the requests each server gets, relative to the others.",
    example: 50,
  }),
  sticky: withDefault(word.stickyForm, false, {
    what: "Keeps a visitor on one server by a cookie: `true`, or the cookie's name.",
    example: true,
  }),
  limit: mapping(
    {
      connections: optional(count(1, 1_000_000, 50), {
        what: "Requests in flight per server before others wait in the balancer.",
        example: 50,
        defaultText: "no limit",
      }),
      queue_timeout: withDefault(duration(1, "10s"), "10s", {
        what: "A request that has waited this long is answered with 503.",
        example: "5s",
      }),
    },
    {
      what: "Requests in flight per server; a number stands for `connections`.",
      example: 50,
      defaultText: "no limit",
    },
    word.limitShorthand,
  ),
  slow_start: withDefault(duration(0, "20s"), "0s", {
    what: "Time over which a new server's share of requests grows to its full weight.",
    example: "20s",
  }),
  drain: withDefault(duration(0, "30s"), "30s", {
    what: "How long a server that leaves may finish its requests before they are cut off.",
    example: "2m",
  }),
  backup: optional(word.nameForm, {
    what: "Role whose servers take over when no server of this role is up.",
    example: "sorry",
  }),
};

const deployShape = {
  batch: withDefault(word.batchForm, "25%", {
    what: "Machines changed at a time: a count, or a share of the role's machines.",
    example: 1,
  }),
  timeout: withDefault(duration(1_000, "60s"), "60s", {
    what: "A new process that is not healthy after this time fails the deploy, and the fleet goes back.",
    example: "2m",
  }),
  before: optional(word.commandForm, {
    what: "Command run once in the new release, on one machine, before the first wave. Its failure stops the deploy.",
    example: "node migrate.js",
  }),
  after: optional(word.commandForm, {
    what: "Command run once after the last wave. Its failure is reported, the release stays.",
    example: "node warm-up.js",
  }),
  errors: withDefault(percentage(0, 100, "5%"), "5%", {
    what: "Share of 5xx answers of the new servers, above that of the old ones, which fails the deploy.",
    example: "1%",
  }),
  settle: withDefault(duration(0, "10s"), "0s", {
    what: "How long each wave is watched after its servers have joined.",
    example: "10s",
  }),
};

const superviseShape = {
  memory: optional(size(1_048_576, "512MiB"), {
    what: "A process above it in 3 of 5 samples is restarted.",
    example: "512MiB",
    defaultText: "no limit",
  }),
  cpu: optional(percentage(1, 100_000, "150%"), {
    what: "A process above it 5 times in a row is restarted. `100%` is one whole core.",
    example: "150%",
    defaultText: "no limit",
  }),
  start_grace: withDefault(duration(0, "30s"), "30s", {
    what: "After a first start, checks that fail are ignored this long.",
    example: "1m",
  }),
  restart_grace: withDefault(duration(0, "10s"), "10s", {
    what: "The same after a restart.",
    example: "20s",
  }),
  stop_timeout: withDefault(duration(0, "10s"), "10s", {
    what: "Time between SIGTERM and SIGKILL, both sent to the whole process group.",
    example: "30s",
  }),
};

const fileShape = {
  path: required(word.machinePathForm, {
    what: "Where it goes: relative to the machine's home, or absolute on a host of its own.",
    example: "config/app.ini",
  }),
  content: optional(text("a text", /^[^]*$/, { type: "string" }), {
    what: "The file's text.",
    example: "mode = production\n",
  }),
  from: optional(word.pathForm, {
    what: "Instead of `content`: a file beside the site file.",
    example: "./app.ini",
  }),
  mode: withDefault(word.modeForm, "0644", { what: "File permissions.", example: "0600" }),
};

/** What each machine of a role, or of the balancer, may use. */
export const resources = mapping(
  {
    cpu: optional(word.coresForm, {
      what: "Cores: what runs on the machine gets no more of them, however busy it is.",
      example: 0.5,
      defaultText: "no limit",
    }),
    memory: optional(size(134_217_728, "512MiB"), {
      what: "What would go beyond it is ended, and started again; at least 128MiB, of which Tidemill's own agent takes about 80.",
      example: "512MiB",
      defaultText: "no limit",
    }),
  },
  {
    what: "What each machine may use; with `provider: netns` only. A change holds for running machines at once.",
    example: { cpu: 0.5, memory: "512MiB" },
    defaultText: "no limit",
  },
);

/** Keys of a role, e.g. of `web:`. */
export const roleShape = {
  run: required(word.commandForm, {
    what: "Shell command that starts the role's process in the foreground. It listens on `$HOST` and `$PORT`.",
    example: "node server.js",
  }),
  check: mapping(
    checkShape,
    {
      what: "How a server is known to be healthy: a path, `tcp`, `none`, or a mapping.",
      example: "/up",
      defaultText: "`tcp`",
    },
    word.checkShorthand,
  ),
  machines: withDefault(word.machinesForm, 1, {
    what: "How many machines: a count, or a range to scale in by load.",
    example: "1..10",
  }),
  resources,
  instances: withDefault(count(1, 256, 2), 1, {
    what: "Processes per machine, each with its own port.",
    example: 2,
  }),
  source: withDefault(word.pathForm, ".", {
    what: "Directory of the code, relative to the site file.",
    example: "./app",
  }),
  ignore: list(entry(text("a pattern such as *.log", /^[^\n]{1,1024}$/)), {
    what: "Paths of the source left out of a release, in `.gitignore`'s form; what `build` makes is kept. `.git` and `.tidemill` are always left out.",
    expected: 'a list of patterns such as ["*.log", tmp/]',
    example: ["*.log", "tmp/"],
  }),
  build: optional(word.commandForm, {
    what: "Shell command run in a copy of the source before it becomes a release.",
    example: "npm ci --omit=dev",
  }),
  env: record(word.environmentNameForm, word.environmentValueForm, {
    what: "Environment of the process.",
    expected: "a mapping of names to values such as LOG_LEVEL: info",
    example: { LOG_LEVEL: "info" },
  }),
  secrets: record(word.environmentNameForm, word.secretForm, {
    what: "Environment whose values are read from elsewhere at `up` and `deploy`, and kept sealed.",
    expected: "a mapping of names to references such as KEY: ${env:KEY}",
    // oxlint-disable-next-line no-template-curly-in-string
    example: { DATABASE_URL: "${env:DATABASE_URL}", KEY: "${file:./key}" },
  }),
  ...trafficShape,
  scale: mapping(scaleShape, {
    what: "When to add and give back machines within `machines`: see scaling.md.",
    example: { in_flight: 20 },
  }),
  deploy: mapping(deployShape, {
    what: "How a new release replaces the old one.",
    example: { batch: 1, before: "node migrate.js" },
  }),
  supervise: mapping(superviseShape, {
    what: "When a process is restarted, and how it is stopped.",
    example: { memory: "512MiB" },
  }),
  packages: list(entry(text("a Debian package such as ffmpeg", /^[a-z0-9][a-z0-9+.-]{1,127}$/)), {
    what: "Debian packages that must be installed.",
    expected: "a list of Debian packages such as [ffmpeg]",
    example: ["ffmpeg"],
  }),
  files: list(
    mapping(fileShape, {
      what: "One file.",
      example: { path: "config/app.ini", from: "./app.ini" },
    }),
    {
      what: "Files put on the machine before the process starts.",
      expected: "a list of files such as [{ path: config/app.ini, from: ./app.ini }]",
      example: [{ path: "config/app.ini", from: "./app.ini" }],
    },
  ),
  setup: list(entry(word.commandForm), {
    what: "Shell commands run in the release before the process starts, each once per content.",
    expected: "a list of commands such as [npm rebuild]",
    example: ["npm rebuild"],
  }),
};

/** A role's keys after validation, with every default filled in. */
export type RoleFields = {
  readonly [Key in keyof typeof roleShape]: z.output<(typeof roleShape)[Key]>;
};
