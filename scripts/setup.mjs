/**
 * Installs what is missing: the npm packages of the lock file (with the Node.js this project runs on) and
 * HAProxy; with the word `tests` also what only tests need, PostgreSQL. Plain JavaScript that old Node.js
 * versions run, because it comes before everything else.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = join(root, "node_modules", ".tidemill-installed");

installPackages();
if (!isThere("haproxy")) installSystemPackage("HAProxy", "haproxy");
// Root tests machines that are network namespaces, too; nobody else can.
if (process.argv[2] === "tests" && process.platform === "linux" && process.getuid?.() === 0) {
  if (!isThere("ip")) installSystemPackage("iproute2", "iproute2");
  if (!isThere("nft")) installSystemPackage("nftables", "nftables");
}
if (process.argv[2] === "tests" && !existsSync("/usr/lib/postgresql")) {
  installSystemPackage("PostgreSQL", "postgresql");
}

function installPackages() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  say("Installing the npm packages …");
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (npm.status !== 0) stop("`npm ci` failed: its last lines above say why.");
  writeFileSync(stamp, wanted);
}

function installSystemPackage(name, systemPackage) {
  const isRoot = process.getuid?.() === 0;
  const prefix = isRoot ? [] : ["sudo", "-n"];
  const canInstall = isThere("apt-get") && (isRoot || run([...prefix, "true"]));
  if (!canInstall) {
    stop(
      `${name} is missing and only root can install it: run \`sudo apt-get install ${systemPackage}\` once.`,
    );
  }
  say(`Installing ${name} from the system's packages …`);
  const install = [...prefix, "apt-get", "install", "-y", "--no-install-recommends", systemPackage];
  const quiet = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const isDone =
    run(install, quiet) || (run([...prefix, "apt-get", "update"]) && run(install, quiet));
  if (!isDone) stop(`\`apt-get install ${systemPackage}\` failed: run it by hand to see why.`);
}

function isThere(command) {
  return (process.env.PATH ?? "")
    .split(":")
    .concat("/usr/sbin", "/usr/local/sbin", "/sbin")
    .some((directory) => existsSync(join(directory, command)));
}

function run([command, ...args], env = {}) {
  const done = spawnSync(command, args, { stdio: "ignore", env: { ...process.env, ...env } });
  return done.status === 0;
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function stop(line) {
  say(line);
  process.exit(1);
}
