/** `simulate` and `tune` as people type them: in any directory, with any file. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../bin/tidemill.mjs", import.meta.url));
const samples = fileURLToPath(new URL("../../src/simulate/samples/", import.meta.url));

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let directory = "";
before(() => {
  directory = mkdtempSync(join(tmpdir(), "tidemill-simulate-"));
  copyFileSync(`${samples}synth-frontpage.csv`, join(directory, "week.csv"));
  const rules =
    "machines: 2..20\ntargets: [{ in_flight per machine: 2.8 }]\nlimits: { hold: 10m }\n";
  writeFileSync(join(directory, "rules.yaml"), rules);
  writeFileSync(join(directory, "aim.yaml"), "machines: 2..20\naim: { slow: 1s }\n");
});
after(() => rmSync(directory, { recursive: true, force: true }));

function run(...words: readonly string[]): Promise<Ran> {
  return runIn(directory, words);
}

function runIn(cwd: string, words: readonly string[]): Promise<Ran> {
  const options = { cwd, timeout: 100_000, maxBuffer: 1 << 26 };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...words], options, (error, stdout, stderr) => {
      resolve({
        code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
        stdout,
        stderr,
      });
    });
  });
}

const day = ["week.csv", "--from", "2024-01-09", "--to", "2024-01-10"];

describe("tidemill simulate", () => {
  it("compares rule sets with others, shows pool and demand, and tells the worst minutes", async () => {
    const svg = ["--svg", "pool.svg"];
    const ran = await run(
      "simulate",
      ...day,
      "--rules",
      "rules.yaml",
      "--rules",
      "aim.yaml",
      "--price",
      "0.05 USD per hour",
      ...svg,
    );
    assert.equal(ran.code, 0, ran.stderr);
    const names = [
      "rules.yaml",
      "aim.yaml",
      "static peak",
      "clairvoyant",
      "HPA",
      "Knative KPA",
      "ASG",
    ];
    for (const name of names)
      assert.match(ran.stdout, new RegExp(`^${name}.* \\d+\\.\\d\\d .*$`, "m"));
    assert.match(ran.stdout, /^worst minutes/m);
    assert.match(ran.stdout, /^2024-01-09 14:0\d .* (boot-bound|forecast missed|rule too slow)/m);
    assert.ok(ran.stdout.includes("█"));
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(ran.stdout + ran.stderr, /\u001b/);
    assert.ok(
      ran.stdout
        .split("\n")
        .filter((line) => /[█░]{9}/.test(line))
        .every((line) => line.length <= 80),
    );
    assert.match(readFileSync(join(directory, "pool.svg"), "utf8"), /^<svg [^]*<\/svg>\n$/);
  });

  it("does what docs/scaling.md shows", async () => {
    const place = join(directory, "page");
    mkdirSync(place);
    copyFileSync(`${samples}synth-frontpage.csv`, join(place, "last-week.csv"));
    const page = readFileSync(new URL("../../docs/scaling.md", import.meta.url), "utf8");
    const shown = [...page.matchAll(/```console\n([^]*?)```/g)].flatMap(([, block = ""]) =>
      block.split(/^\$ /m).slice(1),
    );
    assert.equal(shown.length, 4);
    for (const each of shown) {
      const [command = "", ...lines] = each.trimEnd().split("\n");
      const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(
        ([, quoted, bare]) => quoted ?? bare ?? "",
      );
      const text = `${lines.join("\n")}\n`;
      if (words[0] === "cat") writeFileSync(join(place, words[1] ?? ""), text);
      else assert.equal((await runIn(place, words.slice(1))).stdout, text, command);
    }
  });

  it("takes the aim where there is neither a site nor a rule file, and speaks JSON", async () => {
    const ran = await run(
      "simulate",
      ...day,
      "--against",
      "none",
      "--json",
      "--boot",
      "15s",
      "--scale",
      "x2",
    );
    assert.equal(ran.code, 0, ran.stderr);
    const told = JSON.parse(ran.stdout);
    assert.deepEqual([told.sets.length, told.sets[0].name, told.others], [1, "aim", []]);
    assert.equal(told.machine.bootMs, 15_000);
    assert.ok(told.sets[0].slow < 0.005);
    assert.equal(told.sets[0].worstMinutes.length <= 10, true);
  });

  it("agrees, request by request, with itself as a liquid", async () => {
    const hours = ["week.csv", "--from", "2024-01-03T12:00:00Z", "--to", "2024-01-03T18:00:00Z"];
    const words = ["simulate", ...hours, "--rules", "rules.yaml", "--against", "none", "--json"];
    const [fluid, exact] = await Promise.all([run(...words), run(...words, "--exact")]);
    const [a, b] = [fluid, exact].map(({ stdout }) => JSON.parse(stdout).sets[0]);
    assert.notEqual(a.requests, b.requests);
    assert.ok(Math.abs(a.requests / b.requests - 1) < 0.01);
    assert.ok(
      Math.abs(a.machineHours / b.machineHours - 1) < 0.1,
      `${a.machineHours} ${b.machineHours}`,
    );
  });

  it("takes the role's scaling and limit from the site file here", async () => {
    const site = join(directory, "site");
    mkdirSync(site);
    const text =
      "site: shop\nweb: { run: a, machines: 1..9, limit: 8, scale: { aim: { slow: 500ms } } }\n";
    writeFileSync(join(site, "tidemill.yaml"), text);
    const ran = await run(
      "simulate",
      ...day,
      "--file",
      "site/tidemill.yaml",
      "--against",
      "none",
      "--json",
    );
    const { sets, machine } = JSON.parse(ran.stdout);
    assert.deepEqual([sets[0].name, sets[0].machines], ["web", { min: 1, max: 9 }]);
    assert.deepEqual([machine.slots, machine.slowMs], [8, 500]);
    const other = await run("simulate", ...day, "--file", "site/tidemill.yaml", "--role", "wbe");
    assert.deepEqual(
      [other.code, other.stderr],
      [2, "tidemill: There is no role wbe: it is one of web\n"],
    );
  });

  it("ends with 1 and one sentence when what must not be is true", async () => {
    const words = ["simulate", ...day, "--rules", "aim.yaml", "--against", "none"];
    const bad = await run(...words, "--fail-if", "slow > 50%", "--fail-if", "hours > 3");
    assert.equal(bad.code, 1);
    assert.match(
      bad.stderr,
      /^aim\.yaml: hours is \d+\.\d\d, which --fail-if 'hours > 3' rules out\n$/,
    );
    assert.equal((await run(...words, "--fail-if", "slow > 50%")).code, 0);
  });

  it("warns of gaps in the trace, and of metrics that nobody measures", async () => {
    writeFileSync(join(directory, "gap.csv"), "0,5\n60,5\n240,5\n300,7\n");
    const rules =
      "machines: 1..4\ntargets: [{ jobs per machine: 3 }]\nmetrics: { jobs: { run: ls } }\n";
    writeFileSync(join(directory, "jobs.yaml"), rules);
    const ran = await run("simulate", "gap.csv", "--rules", "jobs.yaml", "--against", "none");
    assert.equal(ran.code, 0);
    assert.match(ran.stderr, /^warning: gap\.csv:3: 2 steps are missing/m);
    assert.match(ran.stderr, /^warning: jobs\.yaml: jobs is never measured here/m);
  });

  it("says what is wrong, and where, with exit 2", async () => {
    writeFileSync(join(directory, "bad.csv"), "timestamp,rps\n0,5\n60,fast\n");
    writeFileSync(join(directory, "unit.yaml"), 'when:\n  - { if: "cpu > 600ms", do: add 1 }\n');
    writeFileSync(join(directory, "huge.csv"), "");
    truncateSync(join(directory, "huge.csv"), 2 * 2 ** 30);
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [["none.csv"], /Cannot read the trace none\.csv: there is no such file/],
      [["."], /Cannot read the trace \.: it is a directory/],
      [["huge.csv"], /Cannot read the trace huge\.csv: it is larger than 256 MiB/],
      [["bad.csv"], /bad\.csv:3: Found "fast", but/],
      [["week.csv", "--rules", "unit.yaml"], /unit\.yaml:2:18: when\[0\]\.if: /],
      [["week.csv", "--machines", "9..2"], /--machines needs a range/],
      [["week.csv", "--scale", "0"], /--scale needs a factor above 0/],
      [["week.csv", "--boot", "5"], /--boot needs a duration/],
      [["week.csv", "--from", "2031-01-01"], /--from is not before --to: the trace is from/],
      [["week.csv", "--fail-if", "slow > 1"], /needs a percentage/],
      [["week.csv", "--svg", "none/a.svg"], /its directory does not exist/],
      [["week.csv", "--exact", "--scale", "x100"], /--exact follows each request/],
      [[], /Give a trace, or --from-history/],
    ];
    for (const [words, expected] of wrong) {
      const ran = await run("simulate", ...words);
      assert.equal(ran.code, 2, words.join(" "));
      assert.match(ran.stderr, expected);
      assert.equal(ran.stdout, "");
    }
  });

  it("ends with 130 by Ctrl-C", async () => {
    const child = spawn(process.execPath, [program, "simulate", "week.csv", "--exact"], {
      cwd: directory,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = new Promise((resolve) => {
      child.on("exit", (code, signal) => resolve(code ?? signal));
    });
    // One of its threads is there before the trace is read, the other when it is in the middle of it.
    const deadline = Date.now() + 20_000;
    while (tasksOf(child.pid ?? 0) < 13 && Date.now() < deadline)
      await new Promise((resolve) => void setTimeout(resolve, 20));
    child.kill("SIGINT");
    assert.equal(await ended, 130);
  });
});

describe("tidemill tune", () => {
  const text = [
    "site: shop # ours",
    "web:",
    "  run: node server.js",
    "  limit: 4",
    "  machines: 6..30 # since May",
    "",
  ].join("\n");
  const site = (): string => join(directory, "tuned", "tidemill.yaml");
  const hours = ["week.csv", "--from", "2024-01-03", "--to", "2024-01-03T12:00:00Z"];
  const words = ["tune", ...hours, "--file", "tuned/tidemill.yaml"];
  before(() => {
    mkdirSync(join(directory, "tuned"));
    writeFileSync(site(), text);
  });

  it("proposes what is cheaper and keeps the aim as a diff, and changes nothing", async () => {
    const ran = await run(...words, "--price", "0.05 USD");
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stdout, /^present .* machines from 6, room 5\.0%, hold 10m$/m);
    assert.match(ran.stdout, /^proposed .* machines from 2, /m);
    assert.match(ran.stdout, /^Saves \d+ machine-hours, \d\.\d\d USD \(\d\d%\) in 0\.5 days\.$/m);
    assert.match(ran.stdout, /^--- tuned\/tidemill\.yaml\n\+\+\+ tuned\/tidemill\.yaml\n@@ /m);
    assert.match(
      ran.stdout,
      /^- {2}machines: 6\.\.30 # since May\n\+ {2}machines: 2\.\.30 # since May$/m,
    );
    assert.equal(readFileSync(site(), "utf8"), text);
  });

  it("changes the file with --write, comments kept, and has nothing better then", async () => {
    const ran = await run(...words, "--write", "--json");
    const told = JSON.parse(ran.stdout);
    assert.deepEqual([ran.code, told.isWritten, told.proposed.min], [0, true, 2]);
    assert.ok(told.proposed.slow <= told.aim);
    const written = readFileSync(site(), "utf8");
    assert.ok(written.startsWith("site: shop # ours\nweb:\n  run: node server.js\n  limit: 4\n"));
    assert.ok(written.includes("  machines: 2..30 # since May\n"));
    const again = await run(...words);
    assert.match(again.stdout, /^The present setting keeps the aim, and nothing saves 1 %/m);
    assert.equal(readFileSync(site(), "utf8"), written);
  });

  it("says honestly when nothing keeps the aim, and why", async () => {
    const capped = text.replace("6..30", "2..2");
    mkdirSync(join(directory, "capped"));
    writeFileSync(join(directory, "capped", "tidemill.yaml"), capped);
    const peak = ["week.csv", "--from", "2024-01-09T12:00:00Z", "--to", "2024-01-09T18:00:00Z"];
    const ran = await run("tune", ...peak, "--file", "capped/tidemill.yaml", "--write");
    assert.equal(ran.code, 1);
    assert.match(ran.stdout, /^Nothing that was tried keeps the aim of 0\.10%\./m);
    assert.match(
      ran.stdout,
      /^Its worst minute: capped by max: it took \d+ machines, at most 2 are allowed\.$/m,
    );
    assert.equal(readFileSync(join(directory, "capped", "tidemill.yaml"), "utf8"), capped);
  });

  it("needs a site, and a share that is one", async () => {
    const nowhere = await run("tune", "week.csv");
    assert.deepEqual([nowhere.code, nowhere.stdout], [2, ""]);
    assert.match(nowhere.stderr, /There is no tidemill\.yaml/);
    const wrong = await run(...words, "--aim", "0.1");
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--aim needs a percentage such as 0\.1%/);
  });
});

function tasksOf(pid: number): number {
  return Number(/^Threads:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
}
