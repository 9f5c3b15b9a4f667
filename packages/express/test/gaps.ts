import type { Gaps } from '@otel-middleware/conformance';

/** The requirements that Express cannot meet, and why. */
export const gaps: Gaps = {
  'life:h2': 'Express does not serve HTTP/2: its requests inherit from those of HTTP/1.',
};
