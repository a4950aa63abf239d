import { useEffect, useState } from 'preact/hooks';
import { RUN_STATUSES } from '../../runs/values';

export const NO_FILTERS = { status: '', connection: '', clientTrackingId: '', since: '', until: '' };
export type FilterValues = typeof NO_FILTERS;

/** `datetime-local` values are in this machine's time zone; the app requires times with a zone. */
const toTime = (value: string) => (value === '' ? '' : new Date(value).toISOString());

function toLocal(time: string): string {
  if (time === '') return '';
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function Filters({ filters, onChange }: { filters: FilterValues; onChange: (filters: FilterValues) => void }) {
  const set = (name: keyof FilterValues, value: string) => onChange({ ...filters, [name]: value });
  const text = (name: 'connection' | 'clientTrackingId', title: string) => (
    <TextFilter
      title={title}
      value={filters[name]}
      maxLength={name === 'connection' ? 63 : 128}
      onCommit={(value) => set(name, value)}
    />
  );
  const time = (name: 'since' | 'until', title: string) => (
    <label>
      {title}
      <input
        type="datetime-local"
        value={toLocal(filters[name])}
        onChange={(event) => set(name, toTime(event.currentTarget.value))}
      />
    </label>
  );
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        State
        <select value={filters.status} onChange={(event) => set('status', event.currentTarget.value)}>
          <option value="">All</option>
          {RUN_STATUSES.map((status) => (
            <option key={status}>{status}</option>
          ))}
        </select>
      </label>
      {text('connection', 'Connection')}
      {text('clientTrackingId', 'Tracking id')}
      {time('since', 'From')}
      {time('until', 'Before')}
      {/* with it, Enter in a field applies what was typed */}
      <button type="submit">Apply</button>
      <button type="button" onClick={() => onChange(NO_FILTERS)}>
        Clear
      </button>
    </form>
  );
}

/** What is typed is kept apart until it is done: the list around it is drawn anew every few seconds. */
function TextFilter(props: { title: string; value: string; maxLength: number; onCommit: (value: string) => void }) {
  const { title, value, maxLength, onCommit } = props;
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  return (
    <label>
      {title}
      <input
        type="text"
        value={draft}
        maxLength={maxLength}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onChange={(event) => onCommit(event.currentTarget.value.trim())}
      />
    </label>
  );
}
