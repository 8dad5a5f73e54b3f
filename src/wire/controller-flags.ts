/**
 * A thousand agents' reports are garbage at once. A small nursery, and an old generation that is collected when it
 * has grown by a third instead of by several times, keep a controller's memory a third smaller.
 */
export const controllerFlags: readonly string[] = [
  "--max-semi-space-size=4",
  "--heap-growing-percent=30",
];
