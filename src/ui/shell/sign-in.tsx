/** Asks for the token, when the server does. */
import { useState } from "preact/hooks";
import { signIn } from "../session/session.js";

interface SignInProps {
  /** Why the last token was not taken; undefined where there was none. */
  readonly refusal: string | undefined;
}

export function SignIn({ refusal }: SignInProps) {
  const [token, setToken] = useState("");
  const [isKept, setKept] = useState(false);
  return (
    <main class="sign-in">
      <h1>bucketlog</h1>
      <p class="soft">This server asks for an access token.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim() !== "") signIn(token.trim(), isKept);
        }}
      >
        <label>
          Token
          <input
            type="password"
            autocomplete="off"
            autofocus
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={isKept}
            onChange={(event) => setKept(event.currentTarget.checked)}
          />
          Keep it until this tab is closed
        </label>
        {refusal !== undefined && (
          <p class="failure" role="alert">
            {refusal}
          </p>
        )}
        <button type="submit" class="primary">
          Open
        </button>
      </form>
      <p class="soft">
        The first start of <code>bucketlog serve</code> prints one;{" "}
        <code>bucketlog token create</code> makes more. It stays in the memory of this page.
      </p>
    </main>
  );
}
