import type { Gaps } from '@otel-middleware/conformance';

/** What cannot be had on Express, and why. */
export const gaps: Gaps = {
  'life:h2': 'Express does not serve HTTP/2: its requests inherit from those of HTTP/1.',
};
