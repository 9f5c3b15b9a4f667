import type { Requirement } from './requirement.js';
import { family, SERVERS } from './requirement.js';
import { SOURCES } from './source-links.js';

/** Captured headers. */
export const header: readonly Requirement[] = family('header', SERVERS, {
  capture: [
    'Names and regular expressions select whole names, case aside, from option or environment; an empty list switches the environment off.',
    SOURCES.httpAttributes,
  ],
  key: ['Keys are the names in lower case with their dashes.', SOURCES.httpAttributes],
  values: [
    'Values are arrays of strings, one element per field; bytes beyond ASCII do no harm.',
    SOURCES.httpAttributes,
  ],
  sanitize: [
    'Credentials are redacted by default, further names by option and environment; only an explicit setting lifts the default.',
    SOURCES.httpAttributes,
  ],
  sampler: ['Samplers see captured request headers.', SOURCES.httpServerSpan],
});
