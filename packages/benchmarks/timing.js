/** Nanoseconds that a call takes, in the mean of as many calls. */
export function nanoseconds(call, calls) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) call();
  return Number(process.hrtime.bigint() - start) / calls;
}
