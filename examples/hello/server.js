// A site of one page: it says which machine, release and process answered.
import { createServer } from "node:http";

const { HOST = "127.0.0.1", PORT = "3000" } = process.env;
const { TIDEMILL_MACHINE = HOST, TIDEMILL_RELEASE = "none" } = process.env;

const page = () => `<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hello from Tidemill</title>
<style>
  body { font: 18px/1.6 system-ui, sans-serif; max-width: 32rem; margin: 15vh auto; padding: 0 1rem }
  dl { display: grid; grid-template-columns: max-content auto; gap: 0 1.5rem }
  dd { margin: 0; font-family: ui-monospace, monospace }
</style>
<h1>Hello</h1>
<p>Reload the page: another machine may answer.</p>
<dl>
  <dt>machine<dd>${TIDEMILL_MACHINE}
  <dt>release<dd>${TIDEMILL_RELEASE.slice(0, 7)}
  <dt>process<dd>${process.pid}
</dl>
`;

const server = createServer((request, response) => {
  if (request.url === "/up") {
    response.end("ok\n");
    return;
  }
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(page());
});

server.listen(Number(PORT), HOST, () => console.log(`listens on ${HOST}:${PORT}`));

// Told to end: take nothing new, finish what was begun.
process.once("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
