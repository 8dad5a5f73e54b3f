/** What the first site file of a project says. */
export interface Starter {
  readonly site: string;
  readonly run: string;
  readonly check: string;
  readonly domain: string;
}

/** A site file of three lines, with what to change first as comments. */
export function renderStarter({ site, run, check, domain }: Starter): string {
  return `# The whole site in one file. Every key: docs/site-file.md
site: ${quoted(site)}
domains: [${quoted(domain)}]
web: { run: ${quoted(run)}, check: ${quoted(check)}, machines: 1..10 }

# run      starts the site in the foreground; it listens on $HOST and $PORT
# check    the page that says that a machine is healthy, or tcp
# machines a count, or a range to scale in by load
`;
}

/** Bare where YAML reads the same text back in a flow mapping, else in double quotes, which JSON's are too. */
function quoted(value: string): string {
  const isPlain = /^[A-Za-z/][\w./-]*( [\w./=-]+)*$/.test(value) && !reservedWords.test(value);
  return isPlain ? value : JSON.stringify(value);
}
const reservedWords = /^(true|false|null|yes|no|on|off|y|n)$/i;
