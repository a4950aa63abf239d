import { useEffect, useState } from 'preact/hooks';
import { RUN_STATUSES } from '../../runs/values';
import { useApp } from './app';
import { timeText } from './format';
import { Icon } from './Icon';
import { NO_FILTERS, type FilterValues } from './router';

type Name = keyof FilterValues;
const TITLES: Record<Name, string> = {
  status: 'Status',
  connection: 'Connection',
  clientTrackingId: 'Tracking id',
  since: 'From',
  until: 'Before',
};

/** `datetime-local` values are in this machine's time zone; the app requires times with a zone. */
const toTime = (value: string) => (value === '' ? '' : new Date(value).toISOString());

function toLocal(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Quick filters by status, the filters that are set as chips, and the rest in a part that opens. */
export function Filters({ filters, onChange }: { filters: FilterValues; onChange: (filters: FilterValues) => void }) {
  const [isOpen, setOpen] = useState(false);
  const { zone } = useApp();
  const set = (name: Name, value: string) => onChange({ ...filters, [name]: value });
  const active = (Object.keys(filters) as Name[]).filter((name) => filters[name] !== '');
  const valueText = (name: Name) => {
    const value = filters[name];
    const isTime = (name === 'since' || name === 'until') && !Number.isNaN(Date.parse(value));
    return isTime ? timeText(value, zone) : value;
  };
  return (
    <div class="filtering">
      <div class="filterbar">
        <h2>Runs</h2>
        <button type="button" aria-expanded={isOpen} aria-controls="filters" onClick={() => setOpen(!isOpen)}>
          <Icon name="filter" /> Filter
        </button>
        {active.map((name) => (
          <button key={name} type="button" class="chip" onClick={() => set(name, '')}>
            <span>
              {TITLES[name]}: <b>{valueText(name)}</b>
            </span>
            <Icon name="x" size={14} />
            <span class="unseen">Remove this filter</span>
          </button>
        ))}
        {active.length > 1 && (
          <button type="button" class="plain" onClick={() => onChange(NO_FILTERS)}>
            Clear
          </button>
        )}
      </div>
      <form id="filters" class="filters" hidden={!isOpen} onSubmit={(event) => event.preventDefault()}>
        <label>
          {TITLES.status}
          <select value={filters.status} onChange={(event) => set('status', event.currentTarget.value)}>
            <option value="">All</option>
            {RUN_STATUSES.map((status) => (
              <option key={status}>{status}</option>
            ))}
          </select>
        </label>
        <TextFilter name="connection" value={filters.connection} maxLength={63} onCommit={set} />
        <TextFilter name="clientTrackingId" value={filters.clientTrackingId} maxLength={128} onCommit={set} />
        {(['since', 'until'] as const).map((name) => (
          <label key={name}>
            {TITLES[name]} (local time)
            <input
              type="datetime-local"
              value={toLocal(filters[name])}
              onChange={(event) => set(name, toTime(event.currentTarget.value))}
            />
          </label>
        ))}
        {/* with it, Enter in a field applies what was typed */}
        <button type="submit">Apply</button>
      </form>
    </div>
  );
}

/** What is typed is kept apart until it is done: the list around it is drawn anew every few seconds. */
function TextFilter(props: {
  name: Name;
  value: string;
  maxLength: number;
  onCommit: (name: Name, value: string) => void;
}) {
  const { name, value, maxLength, onCommit } = props;
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  return (
    <label>
      {TITLES[name]}
      <input
        type="text"
        value={draft}
        maxLength={maxLength}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onChange={(event) => onCommit(name, event.currentTarget.value.trim())}
      />
    </label>
  );
}
