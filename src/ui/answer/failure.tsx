/** What went wrong, in the words of the server, and what can be done about it. */
import type { BucketsError } from "../../client/index.js";

export interface FailureProps {
  readonly error: BucketsError;
  readonly again?: (() => void) | undefined;
}

export function Failure({ error, again }: FailureProps) {
  const { request_id: requestId, hint } = error.details;
  return (
    <div class="failure" role="alert">
      <p class="failure-message">{error.message}</p>
      {typeof hint === "string" && <p>{hint}</p>}
      <Issues issues={error.details["validation_errors"]} />
      <p class="soft">
        <code>{error.code}</code>
        {typeof requestId === "string" && (
          <>
            {" · request "}
            <code>{requestId}</code>
          </>
        )}
      </p>
      {again !== undefined && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Each fault of a body by its place, where there are several: the message names the first. */
function Issues({ issues }: { readonly issues: unknown }) {
  const lines = Array.isArray(issues) ? issues.map(issueLine) : [];
  if (lines.length < 2) return null;
  return (
    <ul>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}

function issueLine(issue: unknown): string {
  if (typeof issue !== "object" || issue === null) return String(issue);
  const location = "location" in issue && Array.isArray(issue.location) ? issue.location : [];
  const message = "message" in issue ? String(issue.message) : "";
  return `${location.slice(1).join(" › ")}: ${message}`;
}
