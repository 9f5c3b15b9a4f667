import type { Gaps } from '@otel-middleware/conformance';

/** What plain Node listeners cannot do, and why. */
export const gaps: Gaps = {};
