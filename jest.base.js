import { fileURLToPath } from 'node:url';

/** Jest as every package here runs it: TypeScript through swc, native ES modules, real timers. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  maxWorkers: '50%',
  // Two suites run side by side, and a busy machine can stand still for seconds: what is late is not wrong.
  testTimeout: 20_000,
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  reporters: ['default', fileURLToPath(new URL('scripts/jest-results.mjs', import.meta.url))],
};
