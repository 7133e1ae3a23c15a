/** The event that the reader points at: in the timeline, or by a field that it set. */
import { createContext } from "preact";

export interface HotVersion {
  readonly version: number | undefined;
  readonly setVersion: (version: number | undefined) => void;
}

export const Hot = createContext<HotVersion>({ version: undefined, setVersion: () => {} });
