import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `condition` holds, looking again every millisecond.
 *
 * @param wanted - what is waited for, for the error.
 * @throws Error when it does not hold within ten seconds.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  wanted: () => string,
): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited ten seconds for ${wanted()}.`);
    await sleep(1);
  }
}
