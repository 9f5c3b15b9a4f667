import base from '../../jest.base.js';

// Most tests here wait for Node processes of their own, which a busy machine starts slowly.
export default { ...base, testTimeout: 30_000 };
