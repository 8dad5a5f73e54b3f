import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  cgroupLayout,
  cpuLimitFile,
  cpuMaxIn,
  freezeFile,
  frozenFile,
  groupPaths,
  groupsAbove,
  limitFiles,
} from "./cgroup-layout.ts";

const hybrid = `proc /proc proc rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/freezer cgroup rw,relatime,freezer 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
`;
const unified = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime 0 0\n";
const limits = { cpuMax: 0.5, memoryBytesMax: 1_048_576 };

describe("the computer's control groups", () => {
  it("are those of version 1 where its trees hold the controllers", () => {
    const layout = cgroupLayout(hybrid, "4:memory:/x\n0::/\n");
    assert.ok(layout !== null && layout.version === 1);
    assert.deepEqual(groupPaths(layout, "a/b"), [
      "/sys/fs/cgroup/cpu,cpuacct/a/b",
      "/sys/fs/cgroup/memory/a/b",
      "/sys/fs/cgroup/freezer/a/b",
    ]);
    assert.deepEqual(limitFiles(layout, "a", limits), [
      ["/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "20000"],
      ["/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "10000"],
      ["/sys/fs/cgroup/memory/a/memory.swappiness", "0"],
      ["/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1048576"],
    ]);
    assert.deepEqual(freezeFile(layout, "a", true), [
      "/sys/fs/cgroup/freezer/a/freezer.state",
      "FROZEN",
    ]);
  });

  it("are those of version 2 elsewhere", () => {
    const layout = cgroupLayout(unified, "0::/user.slice\n");
    assert.ok(layout !== null && layout.version === 2);
    assert.deepEqual(groupPaths(layout, "a/b"), ["/sys/fs/cgroup/a/b"]);
    assert.deepEqual(limitFiles(layout, "a", { cpuMax: null, memoryBytesMax: null }), [
      ["/sys/fs/cgroup/a/cpu.max", "max 20000"],
      ["/sys/fs/cgroup/a/memory.swap.max", "max"],
      ["/sys/fs/cgroup/a/memory.max", "max"],
    ]);
    assert.deepEqual(limitFiles(layout, "a", limits)[0], [
      "/sys/fs/cgroup/a/cpu.max",
      "10000 20000",
    ]);
    assert.deepEqual(freezeFile(layout, "a", false), ["/sys/fs/cgroup/a/cgroup.freeze", "0"]);
    const [path, isFrozen] = frozenFile(layout, "a");
    assert.equal(path, "/sys/fs/cgroup/a/cgroup.events");
    assert.ok(isFrozen.test("populated 1\nfrozen 1\n"));
    assert.ok(!isFrozen.test("populated 1\nfrozen 0\n"));
    assert.deepEqual(groupsAbove("a/b"), ["", "a"]);
  });

  it("are given the limits that change only, and tell the one of the CPU", () => {
    const layout = cgroupLayout(unified, "0::/\n");
    const former = cgroupLayout(hybrid, "0::/\n");
    assert.ok(layout !== null && former !== null);
    assert.deepEqual(limitFiles(layout, "a", { memoryBytesMax: null }), [
      ["/sys/fs/cgroup/a/memory.swap.max", "max"],
      ["/sys/fs/cgroup/a/memory.max", "max"],
    ]);
    for (const [tree, file] of [
      [layout, "/sys/fs/cgroup/a/cpu.max"],
      [former, "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us"],
    ] as const) {
      assert.equal(cpuLimitFile(tree, "a"), file);
      const told = (cpuMax: number | null) =>
        new Map(limitFiles(tree, "a", { cpuMax })).get(file) ?? "";
      assert.equal(cpuMaxIn(told(0.5)), 0.5);
      assert.equal(cpuMaxIn(told(null)), null);
    }
  });

  it("are looked for in their usual place where a tree is missing, so that a limit is refused", () => {
    const layout = cgroupLayout("cgroup /groups/freezer cgroup rw,freezer 0 0\n", "");
    assert.ok(layout !== null);
    assert.deepEqual(limitFiles(layout, "a", { memoryBytesMax: 1 }), [
      ["/sys/fs/cgroup/memory/a/memory.swappiness", "0"],
      ["/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1"],
    ]);
  });

  it("are none where nothing is mounted, or this process is in none", () => {
    assert.equal(cgroupLayout("proc /proc proc rw 0 0\n", "0::/\n"), null);
    assert.equal(cgroupLayout(unified, ""), null);
  });
});
