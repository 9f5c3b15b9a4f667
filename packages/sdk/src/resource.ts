import { diag } from '@opentelemetry/api';
import { getStringFromEnv } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import { defaultResource, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import type { TelemetryOptions } from './options.js';

const SERVICE_NAME = 'service.name';
const SERVICE_VERSION = 'service.version';
const ENVIRONMENT = 'deployment.environment.name';

/**
 * Describes this service: the options over `OTEL_SERVICE_NAME` over `OTEL_RESOURCE_ATTRIBUTES` over the SDK's
 * defaults (`telemetry.sdk.*` and `unknown_service:node`). Nothing of the host, the process or its command
 * line is read.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/resource/service/
 */
export function createResource(options: TelemetryOptions): Resource {
  const { serviceName, serviceVersion, environment, resourceAttributes = {} } = options;
  const given = resourceFromAttributes({
    ...resourceAttributes,
    [SERVICE_NAME]: serviceName ?? resourceAttributes[SERVICE_NAME],
    [SERVICE_VERSION]: serviceVersion ?? resourceAttributes[SERVICE_VERSION],
    [ENVIRONMENT]: environment ?? resourceAttributes[ENVIRONMENT],
  });
  return defaultResource().merge(resourceFromEnvironment()).merge(given);
}

function resourceFromEnvironment(): Resource {
  const { attributes = {} } = envDetector.detect();
  const listed = getStringFromEnv('OTEL_RESOURCE_ATTRIBUTES');
  const ownService = getStringFromEnv('OTEL_SERVICE_NAME') !== undefined;
  const found = Object.keys(attributes).length - (ownService ? 1 : 0);
  // The SDK drops a malformed list without a word; one that only repeats the service name is not malformed.
  if (listed !== undefined && found <= 0 && !(ownService && listed.includes(`${SERVICE_NAME}=`))) {
    diag.warn(
      `OTEL_RESOURCE_ATTRIBUTES: "${listed}" is ignored. Write key=value pairs with commas between, ` +
        'and "," and "=" inside of them as %2C and %3D.',
    );
  }
  return resourceFromAttributes(attributes);
}
