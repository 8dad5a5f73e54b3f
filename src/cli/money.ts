import { formatCount } from "./figures.ts";

/** `1,204.50 USD`. */
export function formatMoney(cents: number, currency: string): string {
  const whole = formatCount(Math.floor(cents / 100));
  return `${whole}.${String(Math.round(cents) % 100).padStart(2, "0")} ${currency}`;
}

/** `0.0104 USD`: prices have as many digits as they need, and at least those of coins. */
export function formatPrice(amount: number, currency: string): string {
  const digits = amount.toFixed(9).replace(/0{1,7}$/, "");
  return `${digits} ${currency}`;
}
