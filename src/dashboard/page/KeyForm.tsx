import { useState } from 'preact/hooks';
import { storeKey } from './api';
import { Icon } from './Icon';

/** Asks for the function key that shows and starts runs. It stays in this tab, and goes into a header, never into a URL. */
export function KeyForm({ isWrong, onStored }: { isWrong: boolean; onStored: () => void }) {
  const [key, setKey] = useState('');
  return (
    <main class="key">
      <h1>ACS identity runs</h1>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim() === '') return;
          storeKey(key.trim());
          onStored();
        }}
      >
        {isWrong && (
          <p class="line bad" role="alert">
            <Icon name="triangle" />
            <span>
              The app refused this key. It must be the key of the function <code>runs</code>, or a host key.
            </span>
          </p>
        )}
        <label for="key">
          Key of the function <code>runs</code>
        </label>
        <input
          id="key"
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
          autofocus
        />
        <button type="submit" class="primary">
          <Icon name="key" /> Show runs
        </button>
        <p>
          Find it in the Azure portal: Function App, Functions, <code>runs</code>, Function Keys. Or:
        </p>
        <pre tabIndex={0}>az functionapp function keys list -g GROUP -n APP --function-name runs</pre>
        <p class="quiet">
          This key can look at runs and start them; it can't make tokens for users of yours. It is kept in this tab
          only, until it is closed.
        </p>
      </form>
    </main>
  );
}
