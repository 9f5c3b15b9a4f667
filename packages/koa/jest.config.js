import { matrix } from '@otel-middleware/conformance/jest';

// Each line of Koa with a router of its time.
export default matrix({
  folder: import.meta.dirname,
  frameworks: {
    3: { koa: 'koa', '@koa/router': '@koa/router' },
    2: { koa: 'koa-2', '@koa/router': 'koa-router-12' },
    2.13: { koa: 'koa-2.13', '@koa/router': 'koa-router-12' },
  },
  everywhere: ['conformance', 'ecosystem', 'middleware', 'route'],
});
