export { instrumentFetch } from './fetch.js';
export type { HeaderFields } from './header-fields.js';
export type { InstrumentedHttpClients } from './http-clients.js';
export { instrumentHttpClients } from './http-clients.js';
export type { HttpClientOptions, HttpClientRequest, HttpClientResponse } from './options.js';
