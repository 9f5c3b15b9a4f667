import { startService } from '@otel-middleware/example-verification';

/** Each service after those that it asks. */
const ORDER = ['inventory', 'pricing', 'orders', 'gateway'];

/** Starts the four services of the shop, each as a process of its own that exports to `endpoint`. */
export async function startShop(endpoint) {
  const services = {};
  const addresses = {};
  const stop = () => Promise.all(Object.values(services).map((service) => service.stop()));
  try {
    for (const name of ORDER) {
      services[name] = await startService(['--import', '@otel-middleware/sdk/register', `${name}.js`], {
        cwd: import.meta.dirname,
        env: {
          ...addresses,
          OTEL_SERVICE_NAME: name,
          OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
          OTEL_BSP_SCHEDULE_DELAY: '200',
          OTEL_METRIC_EXPORT_INTERVAL: '1000',
        },
      });
      addresses[`${name.toUpperCase()}_URL`] = services[name].url;
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { services, stop };
}
