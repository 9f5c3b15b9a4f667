import { matrix } from '@otel-middleware/conformance/jest';

export default matrix({ folder: import.meta.dirname });
