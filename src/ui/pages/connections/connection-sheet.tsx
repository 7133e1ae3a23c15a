/** Changes what is told of a connection; credentials are set through the API alone. */
import { useState } from "preact/hooks";
import type { ConnectionResponse } from "../../../client/index.js";
import { WriteForm } from "../../answer/write-form.js";
import { useNamespace } from "../../session/namespace.js";
import { Sheet } from "../../show/sheet.js";

interface ConnectionSheetProps {
  readonly connection: ConnectionResponse;
  readonly version: number;
  readonly reload: () => void;
  readonly close: () => void;
}

export function ConnectionSheet({ connection, version, reload, close }: ConnectionSheetProps) {
  const { connections } = useNamespace();
  const [name, setName] = useState(connection.name);
  const [description, setDescription] = useState(connection.description ?? "");
  return (
    <Sheet title={`Change ${connection.name}`} close={close}>
      <WriteForm
        effect={`Change it as version ${version + 1}`}
        isReady={name !== connection.name || description !== (connection.description ?? "")}
        write={async (reason) => {
          const body = { name, description: description === "" ? null : description };
          await connections.patch(connection.connection_id, body, { reason, ifVersion: version });
          reload();
        }}
        lookAgain={reload}
        close={close}
      >
        <label>
          Name
          <input
            required
            maxLength={255}
            value={name}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
        </label>
        <label>
          Description
          <input
            value={description}
            onInput={({ currentTarget }) => setDescription(currentTarget.value)}
          />
        </label>
      </WriteForm>
    </Sheet>
  );
}
