import { matrix } from '@otel-middleware/conformance/jest';

// A range of Express takes the newest router of its time, so the older ones are put under it by name.
export default matrix({
  folder: import.meta.dirname,
  frameworks: {
    5.3: { express: 'express' },
    5.2: { express: 'express-5.2', router: 'router-2.2' },
    '5.0': { express: 'express-5.0', router: 'router-2.0' },
    4.22: { express: 'express-4' },
    4.18: { express: 'express-4.18' },
  },
  everywhere: ['*'],
});
