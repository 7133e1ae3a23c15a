/** The checkpoints that are made while a server runs. */
import type { Logger } from "pino";
import { BucketsError } from "../domain/errors.js";
import type { AnchorPlaces, EmbeddedStore } from "../index.js";
import { placesOf } from "./proofs.js";
import type { Terminal } from "./terminal.js";

interface CheckpointFlags {
  readonly checkpointSeconds?: number;
  readonly anchorFile?: string;
  readonly anchorCommand?: string;
  readonly readOnly: boolean;
}

interface Signing {
  /** Signs once more, so that what was recorded last is in a checkpoint. */
  stop(): Promise<void>;
}

/** Beside the writes; what fails is logged, and tried again the next time. */
export function signEvery(
  terminal: Terminal,
  flags: CheckpointFlags,
  store: EmbeddedStore<unknown>,
  logger: Logger,
): Signing | undefined {
  const { checkpointSeconds: seconds, readOnly } = flags;
  const places = placesOf(terminal, flags);
  if (seconds === undefined || readOnly) {
    if (places.file === undefined && places.command === undefined) return undefined;
    throw new BucketsError(
      "BAD_REQUEST",
      "--anchor-file and --anchor-command go with --checkpoint-seconds, where writes are taken.",
    );
  }
  let running: Promise<void> | undefined;
  const sign = () => {
    running ??= signOnce(store, places, logger).finally(() => {
      running = undefined;
    });
    return running;
  };
  const timer = setInterval(sign, seconds * 1_000).unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
      await sign();
    },
  };
}

async function signOnce(
  store: EmbeddedStore<unknown>,
  places: AnchorPlaces,
  logger: Logger,
): Promise<void> {
  try {
    if ((await store.head()).position === 0) return;
    const { checkpoint, anchors } = await store.anchor(places);
    const { size } = checkpoint;
    for (const { name, ok, problem } of anchors) {
      if (ok) logger.info({ size, anchor: name }, "checkpoint noted");
      else logger.error({ size, anchor: name, problem }, "checkpoint was not noted");
    }
  } catch (error) {
    logger.error({ err: error }, "the log was not signed");
  }
}
