import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { usageError } from "./cli-error.ts";
import { judgeFileLimit, judgeHaproxy, judgeNode, judgePortRange } from "./diagnosis.ts";
import { commands } from "./commands.ts";
import { siteName } from "./commands/init.ts";
import { readWish } from "./commands/scale.ts";
import { createOutput } from "./output.ts";
import type { CliParts } from "./parts.ts";
import { runProgram } from "./program.ts";
import { renderCliDocs } from "./reference.ts";

function stream(): { readonly stream: NodeJS.WriteStream; readonly text: () => string } {
  const passing = new PassThrough();
  let text = "";
  passing.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return { stream: passing as unknown as NodeJS.WriteStream, text: () => text };
}

function createParts() {
  const [stdout, stderr] = [stream(), stream()];
  const parts: CliParts = {
    version: "1.2.3",
    cwd: "/",
    user: "ada",
    stdout: stdout.stream,
    stderr: stderr.stream,
    remote: null,
    isInteractive: false,
    controllerCommand: [],
    controllerEnv: {},
    resolveSecrets: () => Promise.resolve({ kind: "values", values: {} }),
    createPacker: () => Promise.reject(new Error("nothing is packed here")),
    openTransfer: () => Promise.reject(new Error("not asked for")),
    transferSettings: { exportPassphrase: null, databaseUrl: null },
    readHaproxyVersion: () => "3.0.1",
    openPage: () => false,
  };
  return { parts, stdout, stderr };
}

describe("the command line", () => {
  it("suggests the nearest command and option, and ends with 2", async () => {
    const { parts, stderr } = createParts();
    assert.equal(await runProgram(parts, ["statsu"]), 2);
    assert.match(stderr.text(), /Did you mean status\?/);
    assert.equal(await runProgram(parts, ["status", "--chekc"]), 2);
    assert.match(stderr.text(), /Did you mean --check\?/);
  });

  it("tells errors as JSON when asked to", async () => {
    const { parts, stdout } = createParts();
    assert.equal(await runProgram(parts, ["status", "--json"]), 2);
    const { schema, error } = JSON.parse(stdout.text()) as {
      schema: number;
      error: { code: string; next: string };
    };
    assert.equal(schema, 1);
    assert.equal(error.code, "no_site_file");
    assert.equal(error.next, "tidemill init");
  });

  it("says the exit codes in every help", async () => {
    const { parts, stdout } = createParts();
    assert.equal(await runProgram(parts, ["deploy", "--help"]), 0);
    assert.match(stdout.text(), /Exit codes: 0 done · 1 failed/);
    assert.match(stdout.text(), /tidemill deploy --ref v1\.4\.2/);
  });

  it("refuses a duration it does not understand", async () => {
    const { parts, stderr } = createParts();
    assert.equal(await runProgram(parts, ["rollback", "--timeout", "soon"]), 2);
    assert.match(stderr.text(), /duration such as 90s/);
  });
});

describe("output", () => {
  it("keeps control characters of other programs away from the terminal", () => {
    const { parts, stdout } = createParts();
    createOutput(parts, false).result({}, ["a\u001b[31mred\u001b[0m\u0007 b\tc"]);
    assert.equal(stdout.text(), "ared b\tc\n");
  });

  it("says what failed, what is still serving and what to type", () => {
    const { parts, stdout, stderr } = createParts();
    createOutput(parts, false).error(usageError("It is wrong", "tidemill check"));
    assert.equal(stderr.text(), "tidemill: It is wrong\nnext: tidemill check\n");
    assert.equal(stdout.text(), "");
  });
});

describe("scale's words", () => {
  const given = (...words: string[]) => ({ words, options: {} });

  it("reads the three forms", () => {
    assert.deepEqual(readWish(given("web=4")), { role: "web", wish: { kind: "set", machines: 4 } });
    const pinned = readWish({ words: ["pin", "web=6"], options: { for: "2h" } });
    assert.deepEqual(pinned.wish, { kind: "pin", machines: 6, forMs: 7_200_000 });
    assert.deepEqual(readWish(given("auto", "web")), { role: "web", wish: { kind: "auto" } });
  });

  it("refuses everything else", () => {
    for (const words of [
      ["web"],
      ["web=-1"],
      ["web=x"],
      ["pin", "web"],
      ["web=1", "api=2"],
      ["a", "b", "c"],
    ])
      assert.throws(() => readWish(given(...words)), /scale/);
    assert.throws(() => readWish({ words: ["web=1"], options: { for: "2h" } }), /goes with pin/);
  });
});

describe("first names", () => {
  it("makes a site's name of any directory's", () => {
    assert.equal(siteName("/srv/My Shop (2)"), "my-shop-2");
    assert.equal(siteName("/srv/42"), "site");
    assert.equal(siteName(`/srv/${"x".repeat(99)}`).length, 40);
  });
});

describe("the doctor", () => {
  it("draws its lines where things break", () => {
    assert.equal(judgeNode("22.1.0").level, "bad");
    assert.equal(judgeNode("24.19.0").level, "ok");
    assert.equal(judgeHaproxy(null).level, "bad");
    assert.equal(judgeHaproxy("2.5.14").level, "bad");
    assert.equal(judgeHaproxy("2.6.12-1").level, "warn");
    assert.equal(judgeHaproxy("3.2.0").level, "ok");
    assert.equal(judgeFileLimit(1024).level, "warn");
    assert.equal(judgeFileLimit(null).level, "ok");
    assert.equal(judgePortRange("32768\t60999").level, "ok");
    assert.equal(judgePortRange("50000 60999").level, "warn");
  });
});

describe("the documents", () => {
  it("of the commands are as `npm run docs` writes them", () => {
    const text = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
    assert.equal(text, renderCliDocs());
  });

  it("show what each command prints with --json, as JSON of schema 1", () => {
    const text = readFileSync(new URL("../../docs/json-output.md", import.meta.url), "utf8");
    const titles = [...text.matchAll(/^### (.+)$/gm)].flatMap(([, title = ""]) =>
      title.split(", "),
    );
    const documented = titles.map((title) => title.replaceAll("`", ""));
    assert.deepEqual(documented.toSorted(), commands.map(({ name }) => name).toSorted());
    const examples = [...text.matchAll(/```json\n([^]*?)```/g)];
    assert.ok(examples.length >= commands.length);
    for (const [, example = ""] of examples) {
      assert.equal((JSON.parse(example) as { schema: number }).schema, 1, example);
    }
  });
});
