export { startReceiver } from './receiver.js';
export { startService } from './service.js';
export { spansOf, traceTree } from './trace-tree.js';
export { verifyExample } from './verify-example.js';
