import { matrix } from '@otel-middleware/conformance/jest';

// What starts other runtimes brings an SDK of its own.
export default matrix({ folder: import.meta.dirname, everywhere: ['!(node-lines|runtimes)'] });
