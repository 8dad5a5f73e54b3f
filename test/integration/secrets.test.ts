import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { filesUnder, filesWith, processesWith } from "../harness/search.ts";
import { testProvider } from "../harness/site.ts";
import { createCliSite } from "./cli-site.ts";
import type { Ran } from "./cli-site.ts";

/** Letters and digits only, so that no encoding of a file or a message hides it. */
const canary = `canary${randomBytes(16).toString("hex")}`;
const site = createCliSite();
const said: string[] = [];

async function run(...words: readonly string[]): Promise<Ran> {
  const ran = await site.run(...words);
  said.push(`${words.join(" ")}: ${ran.stdout}${ran.stderr}`);
  return ran;
}

function writeSite(command: string): void {
  const text = `site: shop
provider: ${testProvider}
web:
  run: ${command}
  check: /up
  machines: 2
  secrets: { KEY: "\${file:../canary.txt}" }
  deploy: { before: "test -n \\"$KEY\\"", timeout: 20s }
`;
  writeFileSync(join(site.directory, "tidemill.yaml"), text);
}

describe("a secret", () => {
  const root = dirname(site.directory);
  const source = join(root, "canary.txt");
  before(async () => {
    writeFileSync(source, `${canary}\n`, { mode: 0o600 });
    writeSite("node server.js");
    const up = await run("up", "--json");
    assert.equal(up.code, 0, up.stderr);
    // A release that fails shows its last lines; they come from the process that has the secret.
    writeSite("node missing.js");
    assert.equal((await run("deploy", "--json")).code, 1);
    writeSite("node server.js");
    for (const words of ["plan", "status", "events", "logs", "audit", "doctor", "check"]) {
      await run(words, "--json");
    }
    await run("events", "web-1");
    await run("explain", "web", "--json");
    await run("token", "create", "ci", "--json");
  });
  after(() => site.dispose());

  it("reaches the processes of its role, and no other process of any kind", () => {
    const seen = processesWith(canary);
    const own = seen.filter(({ environment }) =>
      environment.some((line) => line.startsWith("TIDEMILL_PROCESS=")),
    );
    assert.ok(own.length >= 2, "each machine's process has it");
    assert.ok(own.every(({ environment }) => environment.includes(`KEY=${canary}`)));
    assert.ok(own.every(({ command }) => !command.includes(canary)));
    const others = seen.filter((it) => !own.includes(it)).map(({ command }) => command);
    assert.deepEqual(others, []);
  });

  it("is in no file: not in the database, the machines' directories, logs or HAProxy's", () => {
    assert.deepEqual(filesWith(root, canary), [source]);
    const encoded = Buffer.from(canary).toString("base64").slice(0, -4);
    assert.deepEqual(filesWith(root, encoded), []);
    const searched = filesUnder(root).map((path) => path.slice(root.length));
    for (const wanted of [/inventory\.db/, /document\.json$/, /haproxy.*\.cfg$/, /agent\.log$/]) {
      assert.ok(
        searched.some((path) => wanted.test(path)),
        `${String(wanted)} was searched`,
      );
    }
  });

  it("is in nothing that a command prints, errors included", () => {
    assert.ok(said.length > 10);
    assert.deepEqual(
      said.filter((text) => text.includes(canary)),
      [],
    );
  });

  it("of our own is in its one file: keys where they were made, tokens where they are read", () => {
    const names = (paths: readonly string[]): readonly string[] =>
      [...new Set(paths.map((path) => path.replace(/^.*\//, "")))].toSorted();
    assert.deepEqual(names(filesWith(root, "PRIVATE KEY")), ["identity.key"]);
    const local = readFileSync(join(site.state, "inventory", "token"), "utf8").trim();
    assert.deepEqual(names(filesWith(root, local)), ["token"]);
    const made = /"token":"(tidemill_[\w-]+)"/.exec(said.at(-1) ?? "")?.[1] ?? "";
    assert.notEqual(made, "");
    assert.deepEqual(filesWith(root, made), []);
    const settings = filesUnder(site.state).filter((path) => path.endsWith("agent.json"));
    assert.equal(settings.length, 3);
    for (const path of settings) {
      const { token } = JSON.parse(readFileSync(path, "utf8")) as { readonly token: string };
      assert.deepEqual(filesWith(root, token), [path]);
    }
    for (const shown of [local, made]) assert.deepEqual(processesWith(shown), []);
  });
});
