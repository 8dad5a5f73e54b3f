import { webcrypto } from "node:crypto";

type X509 = typeof import("@peculiar/x509");

let loading: Promise<X509> | null = null;

/** Loaded at the first certificate that is made: most processes never make one. */
export function loadX509(): Promise<X509> {
  return (loading ??= load());
}

async function load(): Promise<X509> {
  // The library's containers find their parts by reflection and look for it when they are loaded.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto);
  return x509;
}
