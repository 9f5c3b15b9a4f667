import base from '../../jest.base.js';

/** Every line of Express that is supported, and the routers that its range has resolved to. */
const versions = [
  { name: '4.18', express: 'express-4.18' },
  { name: '4', express: 'express-4' },
  { name: '5.0', express: 'express-5.0', router: 'router-2.0' },
  { name: '5.2', express: 'express-5.2', router: 'router-2.2' },
  { name: '5', express: 'express' },
];

const { maxWorkers, reporters, ...project } = base;

export default {
  maxWorkers,
  reporters,
  projects: versions.map(({ name, express, router }) => ({
    ...project,
    displayName: `express ${name}`,
    moduleNameMapper: {
      ...project.moduleNameMapper,
      '^express$': `<rootDir>/node_modules/${express}`,
      ...(router && { '^router$': `<rootDir>/node_modules/${router}` }),
    },
  })),
};
