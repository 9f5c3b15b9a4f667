import { AsyncResource } from 'node:async_hooks';

const waiting = [];
let free = 1;

/** Does something with the one connection that there is, after everybody who asked before. */
export function withConnection(use) {
  return new Promise((resolve, reject) => {
    const job = () => {
      use().then(resolve, reject).finally(giveBack);
    };
    // Unbound, it would run in the request of whoever gives the connection back.
    waiting.push(AsyncResource.bind(job));
    if (free > 0) {
      free--;
      waiting.shift()();
    }
  });
}

function giveBack() {
  const next = waiting.shift();
  if (next === undefined) free++;
  else next();
}
