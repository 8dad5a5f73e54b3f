/**
 * Public on-demand prices of Linux machines at AWS in us-east-1, per hour, as they were published on the day it names.
 * They change seldom; a site that knows better says so in its file.
 */
export const listPrices: {
  readonly source: string;
  readonly asOf: string;
  readonly currency: string;
  readonly nanosPerHour: ReadonlyMap<string, number>;
} = {
  source: "AWS on-demand list prices, Linux, us-east-1",
  asOf: "2026-11-21",
  currency: "USD",
  nanosPerHour: new Map([
    ["t3.micro", 10_400_000],
    ["t3.small", 20_800_000],
    ["t3.medium", 41_600_000],
    ["t3.large", 83_200_000],
    ["t3a.small", 18_800_000],
    ["t4g.small", 16_800_000],
    ["m5.large", 96_000_000],
    ["m6i.large", 96_000_000],
    ["c6i.large", 85_000_000],
    ["m1.small", 44_000_000],
  ]),
};
