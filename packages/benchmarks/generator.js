// The load, as a process of its own so that it can have a core of its own: shots on request, over the IPC channel.
//
// It never waits for an answer asleep. To wake a core that sleeps takes whoever sends to it several microseconds on a virtual
// machine, more often or less by the phase in which two processes happen to be, and servers would pay for that.
import autocannon from 'autocannon';

process.on('message', async ({ port, seconds, path, headers }) => {
  let shooting = true;
  const stayAwake = () => shooting && setImmediate(stayAwake);
  stayAwake();
  const { requests, non2xx, errors } = await autocannon({
    url: `http://127.0.0.1:${port}${path}`,
    connections: 16,
    duration: seconds,
    headers,
  });
  shooting = false;
  process.send({ requests: requests.sent - 16, non2xx, errors });
});
process.on('disconnect', () => process.exit(0));
