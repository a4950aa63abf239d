import arrowLeft from 'lucide:arrow-left';
import ban from 'lucide:ban';
import check from 'lucide:check';
import checkCircle from 'lucide:circle-check-big';
import chevronDown from 'lucide:chevron-down';
import chevronRight from 'lucide:chevron-right';
import circleOff from 'lucide:circle-off';
import clock from 'lucide:clock';
import copy from 'lucide:copy';
import database from 'lucide:database';
import filter from 'lucide:list-filter';
import globe from 'lucide:globe';
import help from 'lucide:circle-question-mark';
import hourglass from 'lucide:hourglass';
import key from 'lucide:key-round';
import link from 'lucide:link';
import loader from 'lucide:loader-circle';
import play from 'lucide:play';
import plug from 'lucide:unplug';
import repeat from 'lucide:repeat';
import settings from 'lucide:sliders-horizontal';
import skip from 'lucide:redo-dot';
import square from 'lucide:square';
import timer from 'lucide:timer';
import triangle from 'lucide:triangle-alert';
import user from 'lucide:user-round-x';
import x from 'lucide:x';

const BODIES = {
  arrowLeft,
  ban,
  check,
  checkCircle,
  chevronDown,
  chevronRight,
  circleOff,
  clock,
  copy,
  database,
  filter,
  globe,
  help,
  hourglass,
  key,
  link,
  loader,
  play,
  plug,
  repeat,
  settings,
  skip,
  square,
  timer,
  triangle,
  user,
  x,
};
export type IconName = keyof typeof BODIES;

/** An icon that only decorates: what it means is always in a text next to it. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      class={`icon icon-${name}`}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      aria-hidden="true"
      // a constant of the build, never data
      dangerouslySetInnerHTML={{ __html: BODIES[name] }}
    />
  );
}
