/**
 * Seeds whose stories once showed a fault of ours, and what it was. A seed tells another story when the world
 * or the code draws differently; the rule itself stays watched by its entry in breaks.ts.
 */
export const regressions: readonly { readonly seed: number; readonly was: string }[] = [
  { seed: 8, was: "a new agent ended a serving process that its predecessor could not write down" },
  { seed: 16, was: "a worn server got a successor with every tick: 202 servers on one machine" },
  { seed: 19, was: "a machine that came back under its name had another address; nobody noticed" },
  { seed: 30, was: "a commit without an answer: the machine it concerned never got its document" },
  {
    seed: 121,
    was: "an agent came back to an older document and ended what the newer one had begun",
  },
  { seed: 134, was: "a role beside one whose deploy failed forgot what it ran" },
  { seed: 364, was: "a machine that the provider showed late was cut off instead of drained" },
  { seed: 331, was: "a process was ended for what a former agent remembered of it" },
  { seed: 762222403, was: "a listing from before a machine last spoke said that it was gone" },
  {
    seed: 426043959,
    was: "with one instance fewer the one that served left, and the one that did not stayed",
  },
  {
    seed: 6021,
    was: "a command that is run once began again when its agent had died before it wrote that down",
  },
  {
    seed: 585272898,
    was: "a server that had moved kept its old address as long as a former leader's clock had been ahead",
  },
  {
    seed: 357933010,
    was: "a balancer that had called home to a former leader only counted as one without a document",
  },
];
