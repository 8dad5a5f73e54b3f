/**
 * The addresses of controllers as this machine sees them. Those of its own computer tell their loopback
 * address, which a machine with a network of its own cannot reach: it finds them where it was told to call.
 */
export function asSeenFrom(controllerUrl: string, urls: readonly string[]): readonly string[] {
  const { hostname } = new URL(controllerUrl);
  // A text that looks like an address may still name no host.
  return urls
    .filter((url) => URL.canParse(url))
    .map((url) => {
      const seen = new URL(url);
      if (isLoopback(seen.hostname)) seen.hostname = hostname;
      return seen.href;
    });
}

function isLoopback(host: string): boolean {
  return /^127(\.\d+){3}$/.test(host);
}
