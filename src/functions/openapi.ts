import { app } from '@azure/functions';
import { handle } from '../http/handle';
import { openapiAnswer } from '../openapi/openapiAnswer';

app.http('openapi', {
  methods: ['GET'],
  route: 'openapi.json',
  authLevel: 'anonymous',
  handler: handle({ ignoresQuery: true }, (_input, { request }) => openapiAnswer(request.headers.get('if-none-match'))),
});
