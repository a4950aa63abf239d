// What the health functions return, as schemas: see runs/outputs.
import * as v from 'valibot';
import { timestamp } from '../identity/outputs';

export const healthReport = v.pipe(
  v.strictObject({
    status: v.pipe(
      v.picklist(['Healthy', 'Degraded', 'Unhealthy']),
      v.description('The status of the worst check. `Unknown` counts as healthy.'),
    ),
    checks: v.array(
      v.strictObject({
        name: v.pipe(
          v.string(),
          v.description(
            "`settings`, `schedule`, `storage`, `acs:` and the connection's name, or `signedInCallers` if these are on.",
          ),
          v.examples(['acs:AcsIdentity']),
        ),
        status: v.pipe(
          v.picklist(['Healthy', 'Degraded', 'Unhealthy', 'Unknown']),
          v.description(
            '`Degraded`: it works, but not as it should in production. `Unknown`: not used since the app started.',
          ),
        ),
        code: v.exactOptional(v.string()),
        message: v.exactOptional(v.string()),
        lastSeen: v.exactOptional(timestamp),
      }),
    ),
  }),
  v.title('HealthReport'),
  v.description('The health of the settings and the schedule, and of the storage and ACS at their last use.'),
);

export const badge = v.pipe(
  v.strictObject({
    schemaVersion: v.literal(1),
    label: v.string(),
    message: v.pipe(v.string(), v.examples(['healthy'])),
    color: v.string(),
    isError: v.exactOptional(v.literal(true)),
    cacheSeconds: v.number(),
  }),
  v.title('Badge'),
  v.description('A badge in the form of the endpoint of shields.io.'),
);
