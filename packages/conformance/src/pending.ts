import type { Gaps } from './adapter.js';

/** What no adapter does yet. */
export const pending: Gaps = {
  'msg:hooks': 'The options are not there yet.',
  'msg:spans': 'The options are not there yet.',
};
