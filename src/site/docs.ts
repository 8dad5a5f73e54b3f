import { stringify } from "yaml";
import { exampleSiteFile } from "./example.ts";
import { describedSchema, type DescribedSchema } from "./json-schema.ts";

/** `docs/site-file.md`, from the same schema that validates the file. */
export function renderSiteFileDocs(): string {
  const site = describedSchema();
  const role = site.additionalProperties;
  const roleSchema = typeof role === "object" ? role : {};
  return [
    introduction,
    "## Keys at the top\n",
    "Every other key at the top is a role of that name.\n",
    ...renderMapping("", site, 3),
    "## Keys of a role\n",
    "A role is a command that runs on one or more machines.\n",
    ...renderMapping("", roleSchema, 3),
    `## Example\n\n\`\`\`yaml\n${exampleSiteFile}\`\`\``,
    closing,
  ].join("\n");
}

/** The mapping's table, then one section for each mapping in it. */
function renderMapping(name: string, schema: DescribedSchema, depth: number): readonly string[] {
  const keys = Object.entries(schema.properties ?? {});
  const rows = keys.map(([key, field]) => renderRow(key, field, schema.required ?? []));
  const nested = keys.flatMap(([key, field]) => {
    const inner = field.properties === undefined ? field.items : field;
    if (inner?.properties === undefined) return [];
    const path = name === "" ? key : `${name}.${key}`;
    const title = `${"#".repeat(depth)} \`${path}\`\n`;
    return [title, `${field.description ?? ""}\n`, ...renderMapping(path, inner, depth)];
  });
  const table = ["| key | what | form | default | example |", "|---|---|---|---|---|", ...rows];
  return [`${table.join("\n")}\n`, ...nested];
}

function renderRow(key: string, field: DescribedSchema, required: readonly string[]): string {
  const cells = [
    `\`${key}\``,
    field.description ?? "",
    field.expected ?? "",
    required.includes(key) ? "required" : renderDefault(field),
    `\`${flow({ [key]: field.sample })}\``,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function renderDefault(field: DescribedSchema): string {
  if (field.defaultText !== undefined) return field.defaultText;
  const { default: fallback } = field;
  if (fallback === undefined) return "none";
  const isEmpty = typeof fallback === "object" && Object.keys(fallback ?? {}).length === 0;
  if (isEmpty) return field.properties === undefined ? "none" : "its keys' defaults";
  return `\`${flow(fallback)}\``;
}

/** On one line, as it would stand in the file. */
function flow(value: unknown): string {
  const text = stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim();
  return text.replace(/^\{ (.*) \}$/s, "$1");
}

const introduction = `# The site file

<!-- Written by \`npm run docs\` from the schema in src/site. Change it there. -->

\`tidemill.yaml\` describes one site. Three lines are enough:

\`\`\`yaml
site: shop
domains: [shop.example.com]
web: { run: node server.js, check: /up, machines: 1..10 }
\`\`\`

- Durations are written \`500ms\`, \`30s\`, \`2m\`, \`1h\`, \`1d\`; sizes \`512MiB\`, \`2GiB\`, \`500MB\`; shares \`25%\`.
- Where a list is wanted, a single value stands for a list of one.
- A key that is not known is an error, and so is everything else that could be a slip. \`tidemill check\` reports
  all of it at once, as \`file:line:column: key: what is wrong\`; nothing is changed by a file with an error.
- An overlay such as \`tidemill.staging.yaml\` is laid over the file by \`-e staging\`: its mappings are merged key by
  key, its lists and single values replace, and \`null\` removes a key.
- Editors check the file while you type with \`site-file.schema.json\`, beside this page.
`;

const closing = `
## Names and references

- Sites and roles are named \`[a-z][a-z0-9-]{0,30}\`. No role is named \`lb\`, \`tidemill\`, \`agent\`, \`haproxy\`,
  \`current\`, or like a key at the top.
- A value under \`secrets\` is \`\${env:NAME}\`, read from the environment of the \`tidemill\` command, or \`\${file:path}\`,
  relative to the site file, without the line break at its end. It is never printed and only kept sealed.
- \`HOST\` and \`PORT\` are set for each process and cannot be set under \`env\` or \`secrets\`.
- \`ignore\` knows \`*\`, \`?\`, \`[a-z]\`, \`**\`, a leading \`/\`, a trailing \`/\` and \`!\`. As in \`.gitignore\`, the last pattern
  that matches wins, and nothing below a directory that is left out can be taken in again.
`;
