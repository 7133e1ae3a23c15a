/** The place of the editor: it is loaded when it is shown. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { BucketsError } from "../../../client/index.js";
import { Skeleton } from "../../answer/answered.js";
import { Failure } from "../../answer/failure.js";
import { toError } from "../../answer/use-answer.js";
import type { OpenedEditor } from "./editor.js";

interface JsonEditorProps {
  readonly original: string;
  readonly text: string;
  readonly onChange: (text: string) => void;
}

export function JsonEditor(props: JsonEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const [isThere, setThere] = useState(false);
  const [error, setError] = useState<BucketsError>();
  useEffect(() => {
    let editor: OpenedEditor | undefined;
    let isWanted = true;
    import("./editor.js").then(
      ({ openEditor }) => {
        if (!isWanted || host.current === null) return;
        editor = openEditor(host.current, props);
        setThere(true);
      },
      (reason) => setError(toError(reason)),
    );
    return () => {
      isWanted = false;
      editor?.close();
    };
  }, []);
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      {!isThere && error === undefined && <Skeleton lines={10} />}
      <div ref={host} class="json-editor" />
    </>
  );
}
