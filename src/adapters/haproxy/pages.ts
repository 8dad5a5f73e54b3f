import { createHash } from "node:crypto";

/** A file HAProxy answers with. Named by its content: a new page is a new file, so a check of a new
 * configuration never touches what the running one uses. */
export interface Page {
  readonly name: string;
  readonly content: string;
}

/** What visitors see while maintenance is on: only the body, HAProxy adds the header. */
export function maintenancePage(html: string): Page {
  return named("maintenance", ".html", html);
}

/** What visitors see when no server of a pool is up: a whole answer, as HAProxy's `errorfile` wants it. */
export function unavailablePage(): Page {
  const body = [
    "<!doctype html>",
    '<html lang="en"><meta charset="utf-8"><title>Unavailable</title>',
    "<h1>This page is not available at the moment</h1>",
    "<p>Please try again in a minute.</p></html>",
    "",
  ].join("\n");
  const header = [
    "HTTP/1.1 503 Service Unavailable",
    "Cache-Control: no-store",
    "Retry-After: 5",
    "Content-Type: text/html; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return named("503", ".http", `${header.join("\r\n")}\r\n\r\n${body}`);
}

function named(kind: string, extension: string, content: string): Page {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  return { name: `${kind}-${hash}${extension}`, content };
}
