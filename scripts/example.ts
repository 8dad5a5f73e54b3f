/** `npm run example`: brings examples/hello up and leaves it running. Its address is the last line on stdout. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../bin/tidemill.mjs", import.meta.url));
const site = fileURLToPath(new URL("../examples/hello/tidemill.yaml", import.meta.url));

const up = spawnSync(process.execPath, [program, "up", "--file", site], {
  stdio: ["ignore", "pipe", "inherit"],
  encoding: "utf8",
});
if (up.status === 0) {
  const command = "npm run -s tidemill --";
  const file = "--file examples/hello/tidemill.yaml";
  console.error(`It goes on running. Look: ${command} status ${file}`);
  console.error(`Stop it:                  ${command} down ${file}`);
}
process.stdout.write(up.stdout);
process.exitCode = up.status ?? 1;
