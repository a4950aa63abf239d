// A chunk of its own: only the statistics ask when the next run is.
export { Cron } from 'croner';
