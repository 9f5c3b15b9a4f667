import { matrix } from '@otel-middleware/conformance/jest';

export default matrix({
  folder: import.meta.dirname,
  frameworks: { 8: { ws: 'ws' }, '8.0': { ws: 'ws-8.0' } },
  everywhere: ['handshake', 'broken-handshakes', 'messages', 'sent-messages'],
});
