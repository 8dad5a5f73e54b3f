import type { Draft, Finding } from "./draft.ts";
import { nearestName } from "../core/nearest-name.ts";
import type { SiteIssueCode } from "./issue.ts";
import type { Path } from "./located.ts";
import { amountsShareACurrency, pricesAreOfRoles } from "./price-rules.ts";
import type { RoleFields } from "./role-schema.ts";
import { compileScale } from "./scale-rules.ts";

/** Text of a file beside the site file, or null when it cannot be read. */
export type ReadFile = (path: string) => string | null;

type Rule = (draft: Draft, readFile: ReadFile) => readonly Finding[];

/** Second phase: what must hold between keys. Each rule skips what the first phase already found wrong. */
export function checkRules(draft: Draft, readFile: ReadFile): readonly Finding[] {
  return rules.flatMap((rule) => rule(draft, readFile));
}

const rules: readonly Rule[] = [
  siteHasARole,
  domainsAreUnique,
  balancersHaveAddresses,
  machinesCanBeLimited,
  defaultTakesRequests,
  routesLeadToListeningRoles,
  routesAreUnique,
  routeHostsAreDomains,
  backupsAreOtherListeningRoles,
  checksAskOneThing,
  secretsHideNoEnvironment,
  pricesAreOfRoles,
  amountsShareACurrency,
  filesHaveOneSource,
  filePathsAreUnique,
  filesCanBeRead,
  maintenancePageCanBeRead,
  scalingCanBeCompiled,
];

function siteHasARole({ roles }: Draft): readonly Finding[] {
  if (roles.size > 0) return [];
  const hint = "add one such as web: { run: node server.js, check: /up }";
  return [finding([], "missing", "a site needs at least one role", hint)];
}

function domainsAreUnique({ top }: Draft): readonly Finding[] {
  const domains = top.domains ?? [];
  return domains.flatMap((domain, at) =>
    domains.indexOf(domain) === at
      ? []
      : [finding(["domains", at], "conflict", `${domain} stands here twice`)],
  );
}

function balancersHaveAddresses({ top }: Draft): readonly Finding[] {
  const machines = top.balancer?.machines ?? 1;
  if (machines <= 1 || (top.provider ?? "local") !== "local") return [];
  const message = `${machines} balancers on one computer would listen on one address`;
  const hint = "leave it at 1, or use provider: netns, where each has an address of its own";
  return [finding(["balancer", "machines"], "conflict", message, hint)];
}

function machinesCanBeLimited({ top, roles }: Draft): readonly Finding[] {
  const provider = top.provider ?? "local";
  if (provider !== "local") return [];
  const wishes = new Map([["balancer", top.balancer?.resources]]);
  for (const [name, { resources }] of roles) wishes.set(name, resources);
  return [...wishes].flatMap(([name, resources]) =>
    (["cpu", "memory"] as const)
      .filter((key) => (resources?.[key] ?? null) !== null)
      .map((key) => {
        const message = `provider ${provider} cannot limit what a machine uses`;
        const instead =
          name === "balancer"
            ? ""
            : `, or supervise: { ${key} }, which restarts a process above it`;
        const hint = `use provider: netns${instead}`;
        return finding([name, "resources", key], "conflict", message, hint);
      }),
  );
}

function defaultTakesRequests(draft: Draft): readonly Finding[] {
  const name = draft.top.default ?? null;
  return name === null ? [] : listeningRole(draft, name, ["default"]);
}

function routesLeadToListeningRoles(draft: Draft): readonly Finding[] {
  return (draft.top.routes ?? []).flatMap(({ to }, at) =>
    listeningRole(draft, to, ["routes", at, "to"]),
  );
}

function routesAreUnique({ top }: Draft): readonly Finding[] {
  const keys = (top.routes ?? []).map(({ host, path }) => `${host ?? "*"} ${routePath(path)}`);
  return keys.flatMap((key, at) =>
    keys.indexOf(key) === at
      ? []
      : [
          finding(
            ["routes", at],
            "conflict",
            `routes[${keys.indexOf(key)}] takes the same requests`,
          ),
        ],
  );
}

function routeHostsAreDomains({ top }: Draft): readonly Finding[] {
  const { domains, routes = [] } = top;
  if (domains === undefined) return [];
  return routes.flatMap(({ host }, at) => {
    if (host === null || domains.includes(host)) return [];
    const nearest = nearestName(host, domains);
    const hint = nearest === null ? "add it there" : `did you mean ${nearest}?`;
    const path = ["routes", at, "host"];
    return [finding(path, "unknown_name", `${host} is not among domains`, hint)];
  });
}

function backupsAreOtherListeningRoles(draft: Draft): readonly Finding[] {
  return [...draft.roles].flatMap(([name, { backup }]) => {
    if (backup === null || backup === undefined) return [];
    const path = [name, "backup"];
    if (backup === name) return [finding(path, "conflict", "a role cannot be its own backup")];
    return listeningRole(draft, backup, path);
  });
}

function checksAskOneThing({ roles }: Draft): readonly Finding[] {
  return [...roles].flatMap(([name, { check }]) => {
    const asked = [check?.path, check?.tcp, check?.none].filter(
      (kind) => kind !== null && kind !== undefined,
    );
    if (asked.length < 2) return [];
    return [finding([name, "check"], "conflict", "give only one of path, tcp and none")];
  });
}

function secretsHideNoEnvironment({ roles }: Draft): readonly Finding[] {
  return [...roles].flatMap(([role, { env = {}, secrets = {} }]) =>
    Object.keys(secrets)
      .filter((name) => Object.hasOwn(env, name))
      .map((name) => {
        const message = `${name} stands under env and under secrets`;
        return finding([role, "secrets", name], "conflict", message, "keep one of them");
      }),
  );
}

function filesHaveOneSource({ roles }: Draft): readonly Finding[] {
  return eachFile(roles, (file, path) => {
    const isOne = (file.content === null) !== (file.from === null);
    return isOne ? [] : [finding(path, "conflict", "a file needs either content or from")];
  });
}

function filePathsAreUnique({ roles }: Draft): readonly Finding[] {
  return eachFile(roles, (file, path, files) => {
    const first = files.findIndex((other) => other.path === file.path);
    const message = `files[${first}] has the same path`;
    return files[first] === file ? [] : [finding([...path, "path"], "conflict", message)];
  });
}

function filesCanBeRead({ roles }: Draft, readFile: ReadFile): readonly Finding[] {
  return eachFile(roles, ({ from }, path) =>
    from === null || readFile(from) !== null ? [] : [unreadable([...path, "from"], from)],
  );
}

function maintenancePageCanBeRead({ top }: Draft, readFile: ReadFile): readonly Finding[] {
  const page = top.balancer?.maintenance_page;
  const path = ["balancer", "maintenance_page"];
  if (page === undefined || page.from === null) return [];
  if (page.html !== null) return [finding(path, "conflict", "give only one of html and from")];
  return readFile(page.from) === null ? [unreadable([...path, "from"], page.from)] : [];
}

function scalingCanBeCompiled({ roles }: Draft): readonly Finding[] {
  return [...roles].flatMap(([name, { scale }]) =>
    scale === undefined ? [] : compileScale(scale, [name, "scale"]).findings,
  );
}

type FileFields = RoleFields["files"][number];

function eachFile(
  roles: Draft["roles"],
  visit: (file: FileFields, path: Path, files: readonly FileFields[]) => readonly Finding[],
): readonly Finding[] {
  return [...roles].flatMap(([name, { files = [] }]) =>
    files.flatMap((file, at) => visit(file, [name, "files", at], files)),
  );
}

function listeningRole({ roles }: Draft, name: string, path: Path): readonly Finding[] {
  const role = roles.get(name);
  if (role === undefined) {
    const names = [...roles.keys()];
    const nearest = nearestName(name, names);
    const hint = nearest === null ? `roles are ${names.join(", ")}` : `did you mean ${nearest}?`;
    return [finding(path, "unknown_name", `no role is named ${name}`, hint)];
  }
  if (role.check?.none !== true) return [];
  const hint = `give ${name} a check of a path or tcp`;
  return [finding(path, "conflict", `${name} has check: none, so it takes no requests`, hint)];
}

function unreadable(path: Path, file: string): Finding {
  return finding(path, "unreadable", `cannot read the file ${JSON.stringify(file)}`);
}

/** A route's path without the slash at its end: it is a prefix of whole segments. */
export function routePath(path: string): string {
  return path.replace(/\/+$/, "") || "/";
}

function finding(path: Path, code: SiteIssueCode, message: string, hint = ""): Finding {
  return { path, code, message, hint, isAboutKey: false };
}
