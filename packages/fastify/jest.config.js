import { matrix } from '@otel-middleware/conformance/jest';

// What is behind inject() of Fastify 5 requires ES modules, which Jest cannot do on Node 20; inject.test.ts does without Jest.
const commonJs = { 'light-my-request': 'light-my-request-5' };

// The newest and the oldest release of each line. Fastify's own plugins are installed for the newest one.
export default matrix({
  folder: import.meta.dirname,
  frameworks: {
    5: { fastify: 'fastify', ...commonJs },
    '5.0': { fastify: 'fastify-5.0', ...commonJs },
    4: { fastify: 'fastify-4' },
    4.23: { fastify: 'fastify-4.23' },
  },
  everywhere: ['conformance', 'context', 'plugin', 'route'],
});
