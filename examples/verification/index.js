export { histogramRows } from './metrics.js';
export { startReceiver } from './receiver.js';
export { startService } from './service.js';
export { branchesOf, KINDS, millisecondsOf, spansOf, traceTree } from './trace-tree.js';
export { verifyExample } from './verify-example.js';
