import { matrix } from '@otel-middleware/conformance/jest';

const modules = ['', '/http-exception', '/mount', '/streaming', '/tiny', '/utils/handler', '/ws'];
const oldest = modules
  .filter((module) => module !== '/mount')
  .map((module) => [`hono${module}`, `hono-4.8${module}`]);

export default matrix({
  folder: import.meta.dirname,
  frameworks: { 4.13: {}, 4.8: Object.fromEntries(oldest) },
});
