import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CliError } from "./cli-error.ts";
import { remoteClient } from "./remote.ts";

describe("a controller elsewhere", () => {
  const messageOf = (url: string, token: string | null, authorityPath: string | null): string => {
    try {
      remoteClient({ url, token, authorityPath }, "ada");
      return "";
    } catch (error) {
      assert.ok(error instanceof CliError);
      return error.message;
    }
  };

  it("is never told the token in the clear, nor by somebody unknown", () => {
    assert.match(messageOf("http://10.0.0.5:7431", "t", null), /needs https/);
    assert.match(messageOf("http://127.0.0.1.example.com", "t", null), /needs https/);
    assert.match(messageOf("https://10.0.0.5:7431", "t", null), /TIDEMILL_CA must name/);
    assert.match(messageOf("https://10.0.0.5:7431", "t", "/nowhere/ca.pem"), /cannot be read/);
    assert.match(messageOf("10.0.0.5:7431", "t", null), /needs an address/);
    assert.match(messageOf("http://127.0.0.1:7431", null, null), /TIDEMILL_TOKEN is missing/);
    assert.equal(messageOf("http://127.0.0.1:7431", "t", null), "");
  });
});
