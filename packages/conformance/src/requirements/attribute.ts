import type { Requirement } from './requirement.js';
import { family, SERVERS } from './requirement.js';
import { SOURCES } from './source-links.js';

/** Attributes of the server span. */
export const attribute: readonly Requirement[] = family('attribute', SERVERS, {
  start: [
    'Samplers see method, URL, server, client, user agent, captured request headers, and the route where it is known by then.',
    SOURCES.httpServerSpan,
  ],
  path: [
    '`url.path` is the path as it was sent, before a router rewrote it; `//host/p` and `*` are paths too.',
    SOURCES.urlAttributes,
  ],
  scheme: ['`url.scheme` is that of the connection: `https` over TLS.', SOURCES.urlAttributes],
  query: [
    '`url.query` has no question mark, and is absent when there is no query or an empty one.',
    SOURCES.urlAttributes,
  ],
  'query-redacted': [
    'The values of the seven sensitive query keys are redacted and every other byte is kept; the list can be replaced.',
    SOURCES.urlAttributes,
  ],
  host: [
    '`server.address` and `server.port` are those of the Host header; a missing or malformed one leaves them out.',
    SOURCES.httpServerSpan,
  ],
  peer: [
    '`network.peer.address` and `.port` are the socket’s; an IPv4 address mapped into IPv6 is written as IPv4.',
    SOURCES.networkAttributes,
  ],
  'proxy-untrusted': [
    'Without a setting that trusts a proxy, no forwarding header is believed.',
    SOURCES.httpServerSpan,
  ],
  'proxy-trusted': [
    'Headers of a trusted proxy decide client, scheme and server; malformed ones and hops that a client made up do not.',
    SOURCES.forwarded,
  ],
  protocol: [
    '`network.protocol.version` is `1.0`, `1.1` or `2`, and absent where it cannot be known.',
    SOURCES.networkAttributes,
  ],
  'no-nullish': [
    'No attribute is undefined, null, nested or empty, also on a server without addresses.',
    SOURCES.attributeValues,
  ],
  'opt-in': ['Opt-in attributes and metrics are recorded only when named.', SOURCES.httpServerSpan],
  synthetic: [
    '`user_agent.synthetic.type`, when opted in to, tells crawlers (`bot`) and monitoring (`test`).',
    SOURCES.userAgentAttributes,
  ],
});
