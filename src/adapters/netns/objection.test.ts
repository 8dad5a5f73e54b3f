import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mayMakeNamespaces } from "./objection.ts";

describe("the right to make namespaces", () => {
  it("is what a whole root has, and the root of a common container has not", () => {
    assert.equal(mayMakeNamespaces("Name:\tnode\nCapEff:\t000001ffffffffff\n"), true);
    assert.equal(mayMakeNamespaces("CapEff:\t00000000a80425fb\n"), false);
    assert.equal(mayMakeNamespaces("CapEff:\t0000000000000000\n"), false);
    assert.equal(mayMakeNamespaces(""), false);
  });
});
