import { setTimeout as wait } from 'node:timers/promises';
import { verifyExample } from '@otel-middleware/example-verification';

const answered = (method, route, status = 200) =>
  `SERVER ${method} ${route}  [background]  http.response.status_code=${status}  http.route="${route}"`;

await verifyExample({
  cwd: import.meta.dirname,
  command: ['--import', '@otel-middleware/sdk/register', 'server.js'],
  serviceName: 'background',
  async requests(url) {
    await fetch(`${url}/mails/7`, { method: 'POST' });
    await wait(50);
    await fetch(`${url}/images/7`);
    await fetch(`${url}/reports/7`, { method: 'POST' });
    await wait(50);
    await Promise.all([fetch(`${url}/rows/7`), fetch(`${url}/rows/8`)]);
  },
  expected: `
${answered('POST', '/mails/:id', 202)}
INTERNAL send_mail  [background]  → [background] POST /mails/:id
${answered('GET', '/images/:id')}
└─ INTERNAL resize  [background]
${answered('POST', '/reports/:id', 202)}
└─ PRODUCER send reports  [background]
CONSUMER process reports  [background]  → [background] send reports
${answered('GET', '/rows/:id')}
└─ INTERNAL query  [background]
${answered('GET', '/rows/:id')}
└─ INTERNAL query  [background]`,
});
