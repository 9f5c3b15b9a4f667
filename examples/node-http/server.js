import { createServer } from 'node:http';
import { setHttpRoute } from '@otel-middleware/core';
import { instrumentListener } from '@otel-middleware/node-http';

async function listener(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  const order = /^\/orders\/(\w+)$/.exec(pathname);
  if (pathname === '/healthz') {
    response.end('ok');
  } else if (order !== null) {
    // There is no router here, so the template is told by hand.
    setHttpRoute('/orders/:id');
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ id: order[1] }));
  } else {
    response.writeHead(404).end();
  }
}

const server = createServer(
  instrumentListener(listener, { excludedUrls: 'healthz', captureRequestHeaders: ['x-tenant-id'] }),
);
server.listen(process.env.PORT ?? 8080, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/orders/42`);
});
