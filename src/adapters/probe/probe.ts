import { request } from "node:http";
import { connect } from "node:net";
import type { Probe, ProbeTarget } from "../../ports/probe.ts";

/** Probes by HTTP (200–399 passes) or by opening a TCP connection. */
export function createProbe(): Probe {
  return {
    check(target, signal) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(target.check.timeoutMs)]);
      return target.check.kind === "http" ? checkHttp(target, limit) : checkTcp(target, limit);
    },
  };
}

function checkHttp(target: ProbeTarget, signal: AbortSignal): Promise<string | null> {
  const { check, address, port } = target;
  if (check.kind !== "http") return Promise.resolve("not an HTTP check");
  return new Promise((resolve) => {
    const headers = { host: check.host ?? `${address}:${port}`, "user-agent": "tidemill-check" };
    // No agent: a kept connection would tell about the process that was, not the one that is.
    const asked = request({ host: address, port, path: check.path, headers, agent: false, signal });
    asked.on("error", (error) => resolve(why(error, target)));
    asked.once("response", (answer) => {
      const status = answer.statusCode ?? 0;
      answer.on("error", () => resolve(`${check.path} broke off its answer`));
      // Headers are enough; a page of any size must not be read twice a second.
      answer.destroy();
      resolve(status >= 200 && status < 400 ? null : `${check.path} answered ${status}`);
    });
    asked.end();
  });
}

function checkTcp(target: ProbeTarget, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: target.address, port: target.port, signal });
    const end = (answer: string | null): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("error", (error) => end(why(error, target)));
    socket.once("connect", () => end(null));
  });
}

function why(error: Error, target: ProbeTarget): string {
  const place = `${target.address}:${target.port}`;
  if (error.name === "AbortError" || error.name === "TimeoutError") {
    return `${place} did not answer within ${target.check.timeoutMs} ms`;
  }
  const { code } = error as NodeJS.ErrnoException;
  return code === "ECONNREFUSED" ? `nothing listens on ${place}` : `${place}: ${error.message}`;
}
