// One contender as a process of its own: `node server.js FRAMEWORK CONTENDER SCENARIO`. Tells its port, and on request its CPU
// time, how many spans it has ended, what it holds and how much it has allocated, over the IPC channel.
import http from 'node:http';
import { Session } from 'node:inspector';
import { startCounting, stopCounting } from './allocation.js';
import { applications } from './applications.js';
import { contenders } from './contenders.js';
import { scenarios } from './scenarios.js';
import { endedSpans } from './telemetry.js';

const [framework, contender, scenario] = process.argv.slice(2);
// First, since the official instrumentations change what is loaded after them.
const instrument = await contenders[contender](framework, scenarios[scenario]);
const server = http.createServer(await applications[framework](instrument, scenarios[scenario]));
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

const session = new Session();

/** Asks V8's profiler, which answers at once when it is in the same process. */
function askProfiler(method, parameters) {
  let answer;
  session.post(`Profiler.${method}`, parameters, (error, result) => {
    if (error) throw new Error(error.message);
    answer = result;
  });
  return answer;
}

const answers = {
  cpu: () => process.cpuUsage(),
  spans: () => ({ spans: endedSpans() }),
  remains: () => {
    for (let i = 0; i < 4; i++) globalThis.gc();
    return { heap: process.memoryUsage().heapUsed, handles: process.getActiveResourcesInfo().length };
  },
  startCounting: () => {
    startCounting();
    return {};
  },
  stopCounting: () => ({ allocated: stopCounting() }),
  startProfiling: () => {
    session.connect();
    askProfiler('enable');
    askProfiler('setSamplingInterval', { interval: 150 });
    return askProfiler('start');
  },
  stopProfiling: () => askProfiler('stop'),
};
process.on('message', (asked) => process.send(answers[asked]()));
process.on('disconnect', () => process.exit(0));
