/** Requests that came for a role in five minutes, second by second. */
export interface ArrivalsRecord {
  readonly role: string;
  /** Seconds since the epoch, a multiple of 300. */
  readonly startS: number;
  /** How many of its seconds are known. */
  readonly known: number;
  /** Requests a second, over the seconds that are known. */
  readonly mean: number;
  /** One for each second; null where nobody said. */
  readonly rates: readonly (number | null)[];
}

/** The same without its seconds. */
export type ArrivalsMean = Omit<ArrivalsRecord, "rates">;

/** Which of what is on record, oldest first. */
export interface ArrivalsFilter {
  /** Absent: all roles. */
  readonly role?: string;
  /** Those that begin in [fromS, toS). */
  readonly fromS: number;
  readonly toS: number;
  readonly limit: number;
}

export const fiveMinutesS = 300;
/** Fifteen days, so that the same day of two weeks before is there. */
export const arrivalsKeptMax = (15 * 86_400) / fiveMinutesS;
/** A mean over less than a minute says little about five. */
const knownMin = 60;

/** The five minutes that the second is in. */
export function fiveMinutesOf(second: number): number {
  return Math.floor(second / fiveMinutesS) * fiveMinutesS;
}

/** Whether the mean says enough about the five minutes. */
export function isTelling({ known }: Pick<ArrivalsMean, "known">): boolean {
  return known >= knownMin;
}

/** `12,13,,9`: a few bytes a second, and readable in the database itself. */
export function encodeRates(rates: ArrivalsRecord["rates"]): string {
  return rates.map((rate) => (rate === null ? "" : String(rate))).join(",");
}

export function decodeRates(text: string): ArrivalsRecord["rates"] {
  return text.split(",").map((rate) => (rate === "" ? null : Number(rate)));
}
