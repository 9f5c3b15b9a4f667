/**
 * Endpoints at the top of the application, each one path and one handler: an adapter registers them in a
 * loop.
 *
 * Left out are method GET, status 200, and a route that is the path. Status 0: nothing is sent.
 */
export const plainEndpoints = {
  root: { path: '/', target: '/' },
  order: { path: '/orders/:id', target: '/orders/42' },
  user: { path: '/users/:id', target: '/users/7' },
  /** Takes every method. */
  any: { path: '/any/:id', target: '/any/7', method: 'ALL' },
  /** Answers with the status that the path names. */
  status: { path: '/status/:code', target: '/status/200' },
  health: { path: '/healthz', target: '/healthz' },
  ready: { path: '/readyz', target: '/readyz' },
  redirect: { path: '/redirect/:id', target: '/redirect/7', status: 302 },
  /** Answers with headers of its own, two of them set-cookie. */
  headers: { path: '/headers', target: '/headers' },
  /** Sets Server-Timing and Access-Control-Expose-Headers itself. */
  timing: { path: '/timing', target: '/timing' },
  /** Answers with the span that is active at several points of the handler. */
  context: { path: '/context', target: '/context' },
  /** Waits as many milliseconds as the path names, then answers with the span that is active. */
  slow: { path: '/slow/:milliseconds', target: '/slow/20' },
  /** Tells the span that other instrumentations find in the RPC metadata. */
  metadata: { path: '/metadata', target: '/metadata' },
  /** Makes two spans of the application's own, one in the other. */
  child: { path: '/child', target: '/child' },
  /** Answers with the headers that an outbound request made now would carry, and the baggage. */
  outbound: { path: '/outbound', target: '/outbound' },
  /** Makes a real request, with the active context injected, to the port that the path names. */
  relay: { path: '/relay/:port', target: '/relay/1' },
  /** Sets its own route through the API. */
  rpc: { path: '/rpc/:method', target: '/rpc/users.list', route: '/rpc/users.{method}' },
  /** Adds attributes to the metrics of its request. */
  labels: { path: '/labels/:tenant', target: '/labels/acme' },
  /** Adds more and longer attributes to the metrics than are taken, and some that the convention owns. */
  tooManyLabels: { path: '/too-many-labels', target: '/too-many-labels' },
  /** Tells the length of a body that the framework's usual parser has read, and the span that is active. */
  upload: { path: '/upload', target: '/upload', method: 'POST' },
  /** Tells the spans that are active in events of Node's request and response; its body is read raw. */
  emitters: { path: '/emitters', target: '/emitters', method: 'POST', raw: true },
  /** Sends a chunk every 50 ms for 300 ms. */
  stream: { path: '/stream/:id', target: '/stream/7' },
  /** Sends three chunks, a few milliseconds apart. */
  chunked: { path: '/chunked/:id', target: '/chunked/7' },
  /** Sends server-sent events for 300 ms. */
  events: { path: '/events/:id', target: '/events/7' },
  /** Sends more than the sockets between here and a client that does not read can hold. */
  download: { path: '/download', target: '/download' },
  thrown: { path: '/thrown/:id', target: '/thrown/7', status: 500 },
  rejected: { path: '/rejected/:id', target: '/rejected/7', status: 500 },
  /** Throws an error that stands for 404. */
  clientError: { path: '/client-error/:id', target: '/client-error/7', status: 404 },
  /** Throws an error that the application's error handler answers with the status that the path names. */
  handled: { path: '/handled/:status', target: '/handled/501', status: 501 },
  /** Throws the value that the path names, which is no usual error. */
  nonError: { path: '/non-error/:kind', target: '/non-error/string', status: 500 },
  /** Sends a body that fails after its first chunk. */
  midStream: { path: '/mid-stream/:id', target: '/mid-stream/7' },
  /** Answers with writeHead, write and end of the raw response. */
  rawWrite: { path: '/raw/:id', target: '/raw/7', raw: true },
  /** Answers, then works on for 120 ms. */
  after: { path: '/after/:id', target: '/after/7', raw: true },
  trailers: { path: '/trailers/:id', target: '/trailers/7', raw: true },
  earlyHints: { path: '/early-hints/:id', target: '/early-hints/7', raw: true },
  /** Never answers. */
  hang: { path: '/hang/:id', target: '/hang/7', raw: true, status: 0 },
  /** Destroys the response before the head. */
  destroyed: { path: '/destroyed/:id', target: '/destroyed/7', raw: true, status: 0 },
  /** Destroys the response with an error before the head. */
  destroyedWithError: {
    path: '/destroyed-with-error/:id',
    target: '/destroyed-with-error/7',
    raw: true,
    status: 0,
  },
  /** Destroys the response after the head and a chunk. */
  destroyedLate: { path: '/destroyed-late/:id', target: '/destroyed-late/7', raw: true },
} as const;
