import { useApp } from './app';
import { Icon } from './Icon';
import { jsonText, timeText } from './format';

/** What went in or came out, field by field, as Logic Apps shows it. */
export function Fields({ title, value }: { title: string; value: unknown }) {
  if (value === undefined) return null;
  const fields = isRecord(value) ? flat(value) : [[title, value] as const];
  return (
    <div class="fields" role="group" aria-label={title}>
      <h4>{title}</h4>
      {fields.length === 0 ? (
        <p class="quiet">None</p>
      ) : (
        <dl>
          {fields.map(([name, one]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Value value={one} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

function Value({ value }: { value: unknown }) {
  const { zone } = useApp();
  if (isRedacted(value)) {
    return (
      <span class="redacted">
        <Icon name="key" size={14} /> (redacted, sha256 {String(value.sha256).slice(0, 12)}) scopes{' '}
        {Array.isArray(value.scopes) ? value.scopes.join(', ') : '–'}
        {typeof value.expiresOn === 'string' && `, expires ${timeText(value.expiresOn, zone)}`}
      </span>
    );
  }
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return <>{value.join(', ') || 'none'}</>;
  if (typeof value === 'string') return <>{value}</>;
  return typeof value === 'object' && value !== null ? <pre>{jsonText(value)}</pre> : <>{String(value)}</>;
}

type Redacted = { redacted: true; sha256?: unknown; scopes?: unknown; expiresOn?: unknown };
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isRedacted = (value: unknown): value is Redacted => isRecord(value) && value['redacted'] === true;

/** `identity: { id }` becomes `identity.id`. */
function flat(value: Record<string, unknown>, prefix = ''): (readonly [string, unknown])[] {
  return Object.entries(value).flatMap(([name, one]) =>
    isRecord(one) && !isRedacted(one) && prefix === '' ? flat(one, `${name}.`) : [[`${prefix}${name}`, one] as const],
  );
}
