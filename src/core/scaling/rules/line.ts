/** Per second, of the line that lies nearest to the values. */
export function rise(seconds: readonly number[], values: readonly number[]): number {
  const count = values.length;
  const middle = seconds.reduce((sum, second) => sum + second, 0) / count;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  let together = 0;
  let apart = 0;
  for (const [index, value] of values.entries()) {
    const distance = (seconds[index] ?? 0) - middle;
    together += distance * (value - mean);
    apart += distance * distance;
  }
  return apart === 0 ? Number.NaN : together / apart;
}
