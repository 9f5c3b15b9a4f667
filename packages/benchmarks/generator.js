// The load, as a process of its own so that it can have a core of its own: shots on request, over the IPC channel.
import autocannon from 'autocannon';

process.on('message', async ({ port, seconds, path, headers }) => {
  const { requests, non2xx, errors } = await autocannon({
    url: `http://127.0.0.1:${port}${path}`,
    connections: 16,
    duration: seconds,
    headers,
  });
  process.send({ requests: requests.sent - 16, non2xx, errors });
});
process.on('disconnect', () => process.exit(0));
