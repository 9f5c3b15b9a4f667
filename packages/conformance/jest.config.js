import { matrix } from './jest.js';

export default matrix({ folder: import.meta.dirname, everywhere: ['single-api'] });
