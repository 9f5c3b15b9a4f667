import type { Requirement } from './requirement.js';
import { family, SERVERS } from './requirement.js';
import { SOURCES } from './source-links.js';

/** Without an SDK, or with several. */
export const noSdk: readonly Requirement[] = family('no-sdk', SERVERS, {
  'no-sdk': ['Without an SDK responses are the same as without the middleware.', SOURCES.errorHandling],
  providers: ['Providers given as options keep two applications in one process apart.'],
});
