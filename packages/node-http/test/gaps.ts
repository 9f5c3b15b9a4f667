import type { Gaps } from '@otel-middleware/conformance';

/** What plain Node listeners cannot do, and why. */
export const gaps: Gaps = {
  'msg:hooks': 'There are no message hooks yet.',
  'msg:spans': 'There are no message hooks yet.',
};
