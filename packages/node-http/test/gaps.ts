import type { Gaps } from '@otel-middleware/conformance';

/** The requirements that plain Node listeners cannot meet, and why. */
export const gaps: Gaps = {};
