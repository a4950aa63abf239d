// A separate bundle file, loaded on first use: not every request needs the history.
export { TableClient } from '@azure/data-tables';
