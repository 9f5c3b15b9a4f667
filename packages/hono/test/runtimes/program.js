import { propagation, trace } from '@opentelemetry/api';
import { serverTimingPropagator, setHttpRoute } from '@otel-middleware/core';
import { instrumentHandler } from '@otel-middleware/fetch-handler';
import { opentelemetry } from '@otel-middleware/hono';
import { Hono } from 'hono';
import { stream, streamSSE, streamText } from 'hono/streaming';

const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
const encoder = new TextEncoder();
const options = {
  captureRequestHeaders: ['x-tenant-id'],
  captureResponseHeaders: ['x-shelf'],
  excludedUrls: 'healthz',
  responsePropagator: serverTimingPropagator,
  trustProxy: ['cf-connecting-ip', 'x-forwarded-for'],
};

/** Makes a span of the application's own behind an await, and answers with what is active there. */
async function work(id) {
  await sleep(2);
  return trace.getTracer('application').startActiveSpan('load order', async (span) => {
    await sleep(2);
    const { traceId } = trace.getActiveSpan().spanContext();
    span.end();
    return { id, traceId, baggage: propagation.getActiveBaggage()?.getEntry('shop')?.value };
  });
}

/** A body of six chunks in 300 ms, or one that breaks after the third; `left` counts the readers that left. */
export const left = { count: 0 };
function chunks({ breaks = false } = {}) {
  let sent = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        if (sent > 0) await sleep(52);
        if (breaks && sent === 3) return controller.error(new RangeError('the oven is too hot'));
        if (sent++ === 6) return controller.close();
        controller.enqueue(encoder.encode(`data: ${sent}\n\n`));
      },
      cancel() {
        left.count++;
      },
    },
    { highWaterMark: 0 },
  );
}

const live = { 'content-type': 'text/event-stream' };

/** The application, with the runtime's own `upgradeWebSocket`. */
function application(upgradeWebSocket) {
  const app = new Hono();
  app.use(opentelemetry(options));
  app.use('/guarded/*', async (c, _next) => c.text('guarded', 401));
  app.get('/healthz', (c) => c.text('ok'));
  app.get('/orders/:id', async (c) => {
    c.header('x-shelf', 'top');
    return c.json(await work(c.req.param('id')));
  });
  app.get('/slow/:millis', async (c) => {
    await sleep(Number(c.req.param('millis')));
    return c.json(await work('slow'));
  });
  app.get('/text', (c) => c.text('text'));
  app.get('/thrown/:id', () => {
    throw new RangeError('the oven is too hot');
  });
  app.get('/guarded/:id', (c) => c.text('never'));
  app.get('/sse/:id', (c) =>
    streamSSE(c, async (sse) => {
      for (let sent = 0; sent < 6; sent++) {
        await sse.writeSSE({ data: 'tick' });
        await sleep(52);
      }
    }),
  );
  const ticks = async (it) => {
    for (let sent = 0; sent < 6; sent++) {
      await it.write('tick');
      await sleep(52);
    }
  };
  app.get('/stream-text/:id', (c) => streamText(c, ticks));
  app.get('/stream/:id', (c) => stream(c, ticks));
  app.get('/live/:id', (c) => c.body(chunks(), 200, live));
  app.get('/page/:id', (c) => c.body(chunks(), 200, { 'content-type': 'text/html' }));
  app.get('/broken/:id', (c) => c.body(chunks({ breaks: true }), 200, live));
  app.get('/left', (c) => c.json(left.count));
  app.get(
    '/rooms/:room',
    upgradeWebSocket(() => ({ onMessage: (event, socket) => socket.send(`echo ${event.data}`) })),
  );
  const inner = new Hono().use(opentelemetry(options)).get('/things/:id', (c) => c.text('thing'));
  app.mount('/mounted', inner.fetch);
  app.route('/routed', inner);
  app.get('/inside', async (c) => {
    const response = await app.request('/text');
    return c.text(await response.text());
  });
  return app;
}

/** The same without a framework. */
const plain = instrumentHandler(async (request) => {
  const { pathname } = new URL(request.url);
  const [, , resource, id] = pathname.split('/');
  if (resource === undefined || !['orders', 'text', 'thrown', 'live', 'broken', 'slow'].includes(resource)) {
    return new Response('not found', { status: 404 });
  }
  setHttpRoute(`/plain/${resource}/:id`);
  if (resource === 'thrown') throw new RangeError('the oven is too hot');
  if (resource === 'live') return new Response(chunks(), { headers: live });
  if (resource === 'broken') return new Response(chunks({ breaks: true }), { headers: live });
  if (resource === 'text') return new Response('text');
  if (resource === 'slow') await sleep(Number(id));
  return Response.json(await work(id), { headers: { 'x-shelf': 'top' } });
}, options);

/** Two events, written in three chunks. */
function twoEvents() {
  const texts = ['data: one\n\nda', 'ta: ', 'four\n\n'];
  return new ReadableStream({
    pull(controller) {
      const text = texts.shift();
      if (text === undefined) controller.close();
      else controller.enqueue(encoder.encode(text));
    },
  });
}

/** Makes the head of an event stream with the length of the request's body. */
const withLength = (text) => ({ headers: { ...live, 'x-length': String(text.length) } });

/** Applications whose messages are spans: Hono's, and that of a handler. */
const honoMessages = new Hono()
  .use(opentelemetry({ messageSpans: true }))
  .post('/messages/json', async (c) => {
    const text = JSON.stringify(await c.req.json());
    return new Response(twoEvents(), withLength(text));
  })
  .post('/messages/whole', async (c) => c.text(await c.req.text()))
  .post('/messages/unread', (c) => c.text('unread'));
const plainMessages = instrumentHandler(
  async (request) => {
    const text = new TextDecoder().decode(await request.clone().arrayBuffer());
    return new Response(twoEvents(), withLength(text));
  },
  { messageSpans: true },
);

/** The handler of the whole program. */
export function fetchHandler(upgradeWebSocket) {
  const app = application(upgradeWebSocket);
  const handlers = [
    ['/plain-messages', plainMessages],
    ['/plain', plain],
    ['/messages', honoMessages.fetch],
    ['/', app.fetch],
  ];
  return (request, ...rest) => {
    const { pathname } = new URL(request.url);
    const [, handler] = handlers.find(([prefix]) => pathname.startsWith(prefix));
    return handler(request, ...rest);
  };
}
