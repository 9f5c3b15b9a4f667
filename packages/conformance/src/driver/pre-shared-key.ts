import type { ConnectionOptions, TlsOptions } from 'node:tls';

/**
 * A key that both sides know takes the place of a certificate, which would have to be made, kept and renewed.
 */
const psk = Buffer.from('what both sides know of each other');

/** TLS 1.3 has no such cipher suites by name. */
const common = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const;

/** Options of a TLS server that needs no certificate. */
export const serverTls: TlsOptions = { ...common, pskCallback: () => psk };

/** Options of its clients. */
export const clientTls: ConnectionOptions = {
  ...common,
  pskCallback: () => ({ psk, identity: 'conformance' }),
  checkServerIdentity: () => undefined,
};
