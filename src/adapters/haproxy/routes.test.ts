import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseMap, routeMap } from "./routes.ts";

describe("the route map", () => {
  it("ends every key in one slash, and puts the default under the shortest", () => {
    const routes = [
      { host: null, path: "/api/", pool: "api" },
      { host: "Shop.example.com", path: "/", pool: "shop" },
      { host: null, path: "/api", pool: "later" },
    ];
    assert.equal(routeMap(routes, "web"), "*/api/ api\nshop.example.com/ shop\n*/ web\n");
    assert.equal(routeMap([], null), "");
    assert.equal(routeMap([{ host: null, path: "/", pool: "all" }], "web"), "*/ all\n");
  });

  it("finds by the longest key what a search over whole segments finds", () => {
    const segment = fc.constantFrom("a", "b", "ab");
    const path = fc.array(segment, { maxLength: 3 }).map((parts) => `/${parts.join("/")}`);
    const route = fc.record({
      host: fc.constantFrom(null, "h"),
      path,
      pool: fc.constantFrom("x", "y", "z"),
    });
    fc.assert(
      fc.property(fc.array(route, { maxLength: 6 }), path, (routes, asked) => {
        const segments = (text: string): readonly string[] => text.split("/").filter(Boolean);
        const matching = (host: string | null): string | undefined =>
          routes
            .filter((r) => r.host === host)
            .filter((r) => segments(r.path).every((part, i) => segments(asked)[i] === part))
            .toSorted((a, b) => segments(b.path).length - segments(a.path).length)[0]?.pool;
        const entries = parseMap(routeMap(routes, null));
        const longest = (address: string): string | undefined =>
          entries
            .filter(({ key }) => `${address}/`.startsWith(key))
            .toSorted((a, b) => b.key.length - a.key.length)[0]?.value;
        const found = longest(`h${asked}`) ?? longest(`*${asked}`);
        assert.equal(found, matching("h") ?? matching(null));
      }),
      { numRuns: 300 },
    );
  });
});
