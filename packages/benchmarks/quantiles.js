/** The smallest number that has this share of the others below or beside it. */
export function quantile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)];
}

/** The median, with the quartiles in brackets. */
export function spread(numbers) {
  return `${quantile(numbers, 0.5).toFixed(1)} (${quantile(numbers, 0.25).toFixed(1)}–${quantile(numbers, 0.75).toFixed(1)})`;
}

/** The geometric mean, for ratios. */
export function geometricMean(numbers) {
  return Math.exp(numbers.reduce((sum, number) => sum + Math.log(number), 0) / numbers.length);
}
