import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { context } from '@opentelemetry/api';
import type { Adapter } from '../driver/adapter.js';
import { Diagnostics } from '../driver/diagnostics.js';
import { loadedApiVersion } from '../driver/loaded-api.js';
import { createContextManager, SDK_LINE } from '../driver/sdk.js';
import { matrix } from '../matrix.js';
import { families } from './families/all.js';
import { registerTests } from './register-tests.js';

/**
 * Registers the whole suite for an adapter: every requirement that is the adapter's, over real sockets.
 *
 * Nothing is registered globally but the context manager and the logger of `diag`, except by tests about
 * globals, which put back what they found.
 *
 * @param name - what the tests are grouped under.
 */
export function describeConformance(name: string, adapter: Adapter): void {
  describe(name, () => {
    const diagnostics = new Diagnostics();
    beforeAll(() => {
      context.setGlobalContextManager(createContextManager());
      diagnostics.register();
    });
    afterAll(() => {
      context.disable();
      diagnostics.unregister();
    });
    test(`runs on SDK line ${matrix.sdkLine} and API ${matrix.apiVersion}`, () => {
      expect({ sdk: SDK_LINE, api: loadedApiVersion() }).toEqual({
        sdk: matrix.sdkLine,
        api: matrix.apiVersion,
      });
    });
    const { gaps, notApplicable } = registerTests(families, adapter, diagnostics);
    afterAll(() => {
      const reasons = Object.entries(gaps)
        .map(([gap, reason]) => `  gap: ${gap}: ${reason}\n`)
        .join('');
      process.stdout.write(`${name}\n  not applicable: ${notApplicable.join(', ') || 'nothing'}\n${reasons}`);
    });
  });
}
