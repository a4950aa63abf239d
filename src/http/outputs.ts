// The body of every error, as a schema: see runs/outputs.
import * as v from 'valibot';
import { MAX_DETAILS, type ErrorDetail, type InnerError } from '../base/errors';

const errorDetail = v.strictObject({
  code: v.string(),
  message: v.string(),
  target: v.exactOptional(v.pipe(v.string(), v.description('The input that is wrong.'))),
}) satisfies v.GenericSchema<ErrorDetail>;

const innerError = v.strictObject({
  code: v.exactOptional(v.string()),
  'ms-cv': v.exactOptional(v.string()),
}) satisfies v.GenericSchema<InnerError>;

export const errorBody = v.pipe(
  v.strictObject({
    error: v.strictObject({
      code: v.pipe(
        v.string(),
        v.description('The same as in the header `x-ms-error-code`. Later versions may have more codes.'),
        v.examples(['InvalidRequest']),
      ),
      message: v.string(),
      target: v.exactOptional(v.pipe(v.string(), v.description('The input or setting that is wrong.'))),
      details: v.exactOptional(
        v.pipe(v.array(errorDetail), v.maxLength(MAX_DETAILS), v.description('An entry for each invalid field.')),
      ),
      innererror: v.exactOptional(
        v.pipe(
          innerError,
          v.description('The error code of ACS and its correlation vector, which Azure support asks for.'),
        ),
      ),
    }),
  }),
  v.title('Error'),
  v.description('The error body that Azure services use.'),
);
