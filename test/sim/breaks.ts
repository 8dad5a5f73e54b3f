/**
 * Rules broken on purpose, to see that the simulation would notice. Each replaces one piece of the sources
 * while they are loaded; nothing on the disk changes.
 */
export interface Break {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export const breaks: readonly Break[] = [
  {
    name: "drain-skipped",
    file: "src/core/rollout/servers.ts",
    find: `changes: [serverChange(roster, server, "draining", reason)],`,
    replace: `changes: [serverChange(roster, server, "stopping", reason)],`,
  },
  {
    name: "unseen-balancer-has-drained",
    file: "src/core/roster.ts",
    find: `return sight?.servers.get(server.id)?.state === "drained";`,
    replace: `return sight === undefined || sight.servers.get(server.id)?.state === "drained";`,
  },
  {
    name: "intent-late",
    file: "src/controller/controller.ts",
    find: `  try {
    await commit(loop, changes, events);`,
    replace: `  apply(loop, checked.allowed);
  try {
    await commit(loop, changes, events);`,
  },
  {
    name: "stale-figures-scale-in",
    file: "src/core/scaling/aim-policy.ts",
    find: `return { need, isCalm: basis !== null, reason, near: nearOf(need, basis), memory: kept };`,
    replace: `return { need: basis === null ? 1 : need, isCalm: true, reason, near: null, memory: kept };`,
  },
  {
    name: "failed-listing-is-empty",
    file: "src/controller/provider-watch.ts",
    find: `if (cause instanceof Failure) return cause;`,
    replace: `if (cause instanceof Failure) return [];`,
  },
  {
    name: "orphans-stay",
    file: "src/core/machines/lifecycle.ts",
    find: `if (roster.observed.inventory.machines.has(provided.name)) continue;`,
    replace: `continue;`,
  },
  {
    name: "numbers-used-again",
    file: "src/core/machines/capacity.ts",
    find: `nextMachineNumber: number + 1,`,
    replace: `nextMachineNumber: 1,`,
  },
  {
    name: "older-document-taken",
    file: "src/agent/agent.ts",
    find: `document.generation < held`,
    replace: `document.generation < 0`,
  },
  {
    name: "document-not-kept",
    file: "src/agent/agent.ts",
    find: `isRefused = true;
        continue;`,
    replace: `isRefused = true;`,
  },
  {
    name: "lost-answer-is-no-commit",
    file: "src/controller/controller.ts",
    find: `loop.isUnsure = true;`,
    replace: ``,
  },
  {
    name: "balancer-asked-once",
    file: "src/agent/balancer-keeper.ts",
    find: `problem = wordsOf(error);`,
    replace: `done = wanted;`,
  },
  {
    name: "strays-are-ended",
    file: "src/agent/strays.ts",
    find: `if (record !== null && !(await isAlive(parts, rival))) {`,
    replace: `if (record !== null && record.id < 0) {`,
  },
  {
    name: "beginning-not-written-down",
    file: "src/agent/tasks.ts",
    find: `while (!(await this.#keep()) && !signal.aborted) {`,
    replace: `while (signal.aborted) {`,
  },
  {
    name: "begun-command-begins-again",
    file: "src/agent/tasks.ts",
    find: `const isBegun = known !== undefined;`,
    replace: `const isBegun = known !== undefined && known.running !== null;`,
  },
  {
    name: "command-of-a-gone-machine-runs-on",
    file: "src/core/one-offs/follow.ts",
    find: `if (!roster.state.machines.has(oneOff.machine)) {`,
    replace: `if (oneOff.id < 0) {`,
  },
  {
    name: "worn-replaced-again",
    file: "src/core/rollout/servers.ts",
    find: `!isPaired(servers, server),`,
    replace: `true,`,
  },
  {
    name: "moved-machine-unnoticed",
    file: "src/core/rollout/servers.ts",
    find: `place.port === server.port && place.address === server.address`,
    replace: `place.port === server.port`,
  },
  {
    name: "drain-ends-before-it-is-on-record",
    file: "src/core/roster.ts",
    find: `if (roster.observed.inventory.servers.get(server.id)?.state !== "draining") return false;`,
    replace: ``,
  },
  {
    name: "two-leaders",
    file: "src/core/lease.ts",
    find: `return Math.max(0, grant.askedAtMs + rules.holdMs - rules.marginMs - nowMs);`,
    replace: `return Infinity + grant.epoch + rules.holdMs + nowMs;`,
  },
  {
    name: "lease-counted-from-its-answer",
    file: "src/controller/leadership.ts",
    find: `held.grant = { epoch: answer.epoch, askedAtMs };`,
    replace: `held.grant = { epoch: answer.epoch, askedAtMs: Math.max(askedAtMs, parts.elapsedMs()) };`,
  },
  {
    name: "deposed-leader-acts",
    file: "src/controller/controller.ts",
    find: `  if (!isInOffice(loop)) return;
  loop.decisions = decided.decisions;`,
    replace: `  loop.decisions = decided.decisions;`,
  },
  {
    name: "shrinks-during-deploys",
    file: "src/core/machines/capacity.ts",
    find: `if (surplus > 0 && isDeploying(roster, role)) {`,
    replace: `if (surplus > 0 && role.target < 0 && isDeploying(roster, role)) {`,
  },
  {
    name: "limits-told-once",
    file: "src/core/machines/limits.ts",
    find: `const isTold = last !== undefined && !isNews && last.address === address;`,
    replace: `const isTold = last !== undefined;`,
  },
  {
    name: "refused-limits-are-given",
    file: "src/controller/effects.ts",
    find: `outcome === null ? "given" : "refused"`,
    replace: `outcome === null ? "given" : "given"`,
  },
  {
    name: "minimum-forgotten",
    file: "src/core/machines/capacity.ts",
    find: `if (isServingNow && servingLeft - 1 < floor) {`,
    replace: `if (isServingNow && servingLeft - 1 < 0 * floor) {`,
  },
];
