/** Shown while maintenance is on, unless the site file names a page of its own. It needs nothing but itself. */
export const maintenancePage: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Back soon</title>
<style>
  :root { color-scheme: light dark; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center;
         font: 1.125rem/1.6 system-ui, sans-serif; }
  main { max-width: 32rem; padding: 2rem; }
  h1 { margin: 0 0 .5rem; font-size: 1.75rem; line-height: 1.2; }
  p { margin: 0; }
</style>
</head>
<body>
<main>
<h1>Back soon</h1>
<p>We are working on this site right now. Please try again in a few minutes.</p>
</main>
</body>
</html>
`;
