/** Makes a token, and shows its secret this once. */
import { useState } from "preact/hooks";
import { Failure } from "../../answer/failure.js";
import { useAction } from "../../answer/use-action.js";
import { useSession } from "../../session/session.js";
import { Sheet } from "../../show/sheet.js";

const permissions = ["read", "write", "delete", "admin"] as const;

interface NewTokenSheetProps {
  readonly made: () => void;
  readonly close: () => void;
}

export function NewTokenSheet({ made, close }: NewTokenSheetProps) {
  const { store } = useSession();
  const [secret, setSecret] = useState<string>();
  const { run, isRunning, error } = useAction(async (form: FormData) => {
    const namespaces = String(form.get("namespaces"))
      .split(/[\s,]+/)
      .filter(Boolean);
    const { token } = await store.tokens.create({
      name: String(form.get("name")).trim(),
      permission: form.get("permission"),
      ...(namespaces.length > 0 && { namespaces }),
    });
    setSecret(token);
    made();
  });
  if (secret !== undefined) {
    return (
      <Sheet title="The token" close={close} isGuarded>
        <p>It is shown this once, and kept nowhere: copy it now.</p>
        <pre class="command">{secret}</pre>
        <footer>
          <button type="button" class="primary" onClick={close}>
            I have it
          </button>
        </footer>
      </Sheet>
    );
  }
  return (
    <Sheet title="New token" close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run(new FormData(event.currentTarget));
        }}
      >
        <label>
          Name, which is the actor of what it does
          <input name="name" required maxLength={100} placeholder="ana" autofocus />
        </label>
        <label>
          Permission
          <select name="permission">
            {permissions.map((permission) => (
              <option key={permission}>{permission}</option>
            ))}
          </select>
        </label>
        <label>
          Namespaces (all unless named)
          <input name="namespaces" placeholder="default, studio" />
        </label>
        {error !== undefined && <Failure error={error} />}
        <footer>
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={isRunning}>
            {isRunning ? "…" : "Make the token"}
          </button>
        </footer>
      </form>
    </Sheet>
  );
}
