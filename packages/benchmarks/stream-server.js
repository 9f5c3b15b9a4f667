// One variant of a streaming server as a process of its own: `node --expose-gc stream-server.js VARIANT`. Tells its port,
// and on request its CPU time and the heap as it was after each quarter of the last stream.
import http from 'node:http';
import { instrumentListener } from '@otel-middleware/node-http';
import { registerTelemetry } from './telemetry.js';

const [variant] = process.argv.slice(2);
if (variant !== 'bare') registerTelemetry();

let bytes = 0;
const hook = (_span, message) => {
  bytes += message.size;
};
const options = {
  off: {},
  hooks: { receiveHook: hook, sendHook: hook },
  spans: { messageSpans: true },
}[variant];

const CHUNK = Buffer.alloc(64, 'x');
let heap = [];

function listener(req, res) {
  const { pathname, searchParams } = new URL(req.url, 'http://localhost');
  const chunks = Number(searchParams.get('chunks'));
  const note = searchParams.has('heap') ? noteHeap(chunks / 4) : () => {};
  if (pathname === '/download') download(res, chunks, note);
  else upload(req, res, note);
}

function download(res, chunks, note) {
  let sent = 0;
  const write = () => {
    while (sent < chunks) {
      note(++sent);
      if (!res.write(CHUNK)) return res.once('drain', write);
    }
    res.end();
  };
  write();
}

function upload(req, res, note) {
  let size = 0;
  let noted = 0;
  req.on('data', (part) => {
    size += part.length;
    // A part may hold more than one chunk, or less.
    while (noted < Math.floor(size / CHUNK.length)) note(++noted);
  });
  req.on('end', () => res.end(`${size} bytes`));
}

function noteHeap(every) {
  heap = [];
  return (count) => {
    if (count % every > 0) return;
    globalThis.gc();
    heap.push(process.memoryUsage().heapUsed);
  };
}

const server = http.createServer(variant === 'bare' ? listener : instrumentListener(listener, options));
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuMicros: user + system, heap, bytes });
});
process.on('disconnect', () => process.exit(0));
