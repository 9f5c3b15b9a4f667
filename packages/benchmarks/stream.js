// What a body of very many chunks costs: `node stream.js [--chunks N] [--rounds N]`.
//
// The server's CPU time per chunk of 64 bytes, sent and received, without us, with us, and with us watching each chunk; then
// the heap after each quarter of one more stream. Variants take turns, bare before and after. Loopback only; ends by itself.
import { once } from 'node:events';
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { message, start } from './processes.js';
import { quantile, spread } from './quantiles.js';

const { values } = parseArgs({
  options: { chunks: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '5' } },
});
const chunks = Number(values.chunks);
const rounds = Number(values.rounds);
const VARIANTS = { bare: 'bare', off: 'no hooks', hooks: 'both hooks', spans: 'message spans' };
const BLOCK = 1000;
const CODED = Buffer.from(`40\r\n${'x'.repeat(64)}\r\n`.repeat(BLOCK));

const servers = {};
for (const variant of Object.keys(VARIANTS)) {
  servers[variant] = start('stream-server.js', [variant], 0);
  servers[variant].port = (await message(servers[variant])).port;
}
console.log(`Node ${process.version}, ${rounds} rounds of ${chunks} chunks; medians, quartiles in brackets`);
console.log('| | bare µs a chunk | variant µs a chunk | ÷ bare | heap MB after each quarter |');
console.log('|---|---|---|---|---|');
for (const direction of ['download', 'upload']) {
  for (const variant of ['off', 'hooks', 'spans']) await measure(direction, variant);
}
for (const server of Object.values(servers)) server.disconnect();

async function measure(direction, variant) {
  const micros = { bare: [], variant: [] };
  const ratios = [];
  await shot(servers[variant], direction, chunks / 10);
  for (let round = 0; round < rounds; round++) {
    const before = await shot(servers.bare, direction);
    const own = await shot(servers[variant], direction);
    const after = await shot(servers.bare, direction);
    micros.bare.push(before, after);
    micros.variant.push(own);
    ratios.push((2 * own) / (before + after));
  }
  await shot(servers[variant], direction, chunks, '&heap');
  const { heap } = await told(servers[variant]);
  const cells = [
    `${direction}, ${VARIANTS[variant]}`,
    spread(micros.bare),
    spread(micros.variant),
    quantile(ratios, 0.5).toFixed(2),
    heap.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(', '),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}

/** One stream; returns the server's CPU time per chunk in microseconds. */
async function shot(server, direction, count = chunks, query = '') {
  const { cpuMicros: before } = await told(server);
  const path = `/${direction}?chunks=${count}${query}`;
  if (direction === 'download') await download(server.port, path, count);
  else await upload(server.port, path, count);
  const { cpuMicros: after } = await told(server);
  return (after - before) / count;
}

async function told(server) {
  server.send('cpu');
  return message(server);
}

async function download(port, path, count) {
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  let size = 0;
  for await (const part of socket) size += part.length;
  const body = count * (CODED.length / BLOCK) + '0\r\n\r\n'.length;
  if (size < body) throw new Error(`${size} bytes of ${body} arrived; a figure over failures means nothing.`);
}

async function upload(port, path, count) {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let answer = '';
  socket.on('data', (part) => {
    answer += part;
  });
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  for (let sent = 0; sent < count; sent += BLOCK) if (!socket.write(CODED)) await once(socket, 'drain');
  socket.write('0\r\n\r\n');
  await once(socket, 'close');
  if (!answer.includes(`${count * 64} bytes`))
    throw new Error(`The server has not seen ${count} chunks; a figure over failures means nothing.`);
}
