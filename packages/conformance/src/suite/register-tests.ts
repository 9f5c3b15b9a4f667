import { test } from '@jest/globals';
import type { Adapter, Gaps } from '../driver/adapter.js';
import type { Diagnostics } from '../driver/diagnostics.js';
import type { Setting } from '../driver/system-under-test.js';
import { SystemUnderTest } from '../driver/system-under-test.js';
import { requirementOf } from '../requirements/all.js';
import { appliesTo } from '../requirements/requirement.js';

/** Builds and starts the fixture application; it is closed and checked when the test is over. */
export type Start = (setting?: Setting) => Promise<SystemUnderTest>;

/** The arguments of a test. */
export interface TestContext {
  readonly start: Start;
  readonly adapter: Adapter;
  readonly diagnostics: Diagnostics;
}

/** Registers a test that proves requirements, by their ids. */
export type Requires = (
  ids: string | readonly string[],
  behaviour: string,
  run: (context: TestContext) => Promise<void>,
  timeoutMillis?: number,
) => void;

/** Registers the tests of one family. */
export type FamilySuite = (requires: Requires) => void;

/** The name of a test, from which its citations can be read. */
function testName(ids: string | readonly string[], behaviour: string): string {
  return `${[ids]
    .flat()
    .map((id) => `[${id}]`)
    .join(' ')} ${behaviour}`;
}

/** The tests of a suite as they were registered for one adapter. */
export interface Registered {
  readonly names: readonly string[];
  /** Reasons by gap. */
  readonly gaps: Gaps;
  readonly notApplicable: readonly string[];
}

/**
 * Registers the tests of all families with Jest: those of a gap as failing, so that the build breaks when it
 * is closed; those of requirements that are not the adapter's not at all.
 *
 * @throws Error when a test or a gap names a requirement that does not exist, or a gap has no reason or no
 *   test.
 */
export function registerTests(
  families: readonly FamilySuite[],
  adapter: Adapter,
  diagnostics: Diagnostics,
): Registered {
  const gaps: Gaps = adapter.gaps ?? {};
  const names: string[] = [];
  const gapsFound = new Set<string>();
  const notApplicable = new Set<string>();
  const requires: Requires = (ids, behaviour, run, timeoutMillis = 5000) => {
    const name = testName(ids, behaviour);
    const applicable = [ids].flat().filter((id) => appliesTo(requirementOf(id), adapter.adapter));
    if (applicable.length === 0) {
      for (const id of [ids].flat()) notApplicable.add(id);
      return;
    }
    names.push(name);
    const gap = [name, ...applicable].find((key) => key in gaps);
    if (gap !== undefined) gapsFound.add(gap);
    const body = (): Promise<void> => runTest(run, adapter, diagnostics, timeoutMillis);
    // Jest's own limit comes after ours, which leaves time to close what the test has opened.
    if (gap === undefined) test(name, body, 2 * timeoutMillis);
    else test.failing(name, body, 2 * timeoutMillis);
  };
  for (const family of families) family(requires);
  for (const [key, reason] of Object.entries(gaps)) {
    if (reason.trim() === '')
      throw new Error(`The gap "${key}" has no reason. Write why it cannot be closed.`);
    if (!gapsFound.has(key))
      throw new Error(
        `The gap "${key}" is no requirement of ${adapter.adapter} and no test of the suite. Delete it.`,
      );
  }
  return { names, gaps, notApplicable: [...notApplicable] };
}

async function runTest(
  run: (context: TestContext) => Promise<void>,
  adapter: Adapter,
  diagnostics: Diagnostics,
  timeoutMillis: number,
): Promise<void> {
  const running: SystemUnderTest[] = [];
  const start: Start = async (setting) => {
    const app = await SystemUnderTest.start(adapter, setting);
    running.push(app);
    return app;
  };
  diagnostics.take();
  const failures: unknown[] = [];
  const attempt = async (step: () => Promise<void>): Promise<void> => {
    await step().catch((error: unknown) => failures.push(error));
  };
  await attempt(() => withinTime(run({ start, adapter, diagnostics }), timeoutMillis));
  for (const app of running) await attempt(() => app.finish());
  // What the end finds wrong is mostly a consequence of what the test found first.
  if (failures.length > 0) throw failures[0];
  const problems = diagnostics.take();
  if (problems.length > 0)
    throw new Error(`Reported through diag, and not expected:\n${problems.join('\n')}`);
}

async function withinTime(running: Promise<void>, millis: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`The test took more than ${millis} ms.`)), millis);
  });
  await Promise.race([running, expired]).finally(() => clearTimeout(timer));
}
