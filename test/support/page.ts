/** The page in a browser, on a server with the story of `data/`, watched for what it must not do. */
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import { z } from "zod";
import { type StartedServer, startServer } from "../../src/server.js";

/** Two years of changes to six buckets. */
export const story = fileURLToPath(new URL("../../data/story.ndjson", import.meta.url));

export interface OpenedPage extends AsyncDisposable {
  readonly page: Page;
  /** Goes to an address below `/ui/`, with the token. */
  readonly open: (path: string) => Promise<void>;
  /** That what is shown can be used by keyboard and screen reader, as far as axe can tell. */
  readonly assertAccessible: () => Promise<void>;
  /** That what is shown stands still by itself: nothing is drawn, asked for or planned. */
  readonly assertResting: () => Promise<void>;
  /** That nothing was reported: no fault, no breach of the policy, no request to elsewhere. */
  readonly assertQuiet: () => void;
}

export function startStory(): Promise<StartedServer> {
  return startServer({ seed: story });
}

const allAnimated = `Promise.all(
  document
    .getAnimations()
    .filter(({ effect }) => effect.getComputedTiming().iterations !== Infinity)
    .map(({ finished }) => finished.catch(() => {})),
)`;

/** Counts what scripts do by themselves, from the beginning of each document on. */
const countWork = `(() => {
  const work = { tasks: 0, requests: 0, changes: 0 };
  const frame = requestAnimationFrame.bind(window);
  const counted = (name) => {
    const real = window[name];
    window[name] = (act, ...rest) => real.call(window, (...given) => {
      work.tasks += 1;
      return act(...given);
    }, ...rest);
  };
  ["setTimeout", "setInterval", "requestAnimationFrame", "queueMicrotask"].forEach(counted);
  const { then } = Promise.prototype;
  Promise.prototype.then = function (...given) {
    work.tasks += 1;
    return then.apply(this, given);
  };
  const send = window.fetch;
  window.fetch = (...given) => {
    work.requests += 1;
    return send(...given);
  };
  new MutationObserver((records) => {
    work.changes += records.length;
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  window.workOfFrames = (frames) => new Promise((resolve) => {
    const before = { ...work };
    const next = () => {
      frames -= 1;
      if (frames > 0) return frame(next);
      resolve(Object.keys(work).map((name) => work[name] - before[name]));
    };
    frame(next);
  });
})()`;

/** A second, as screens count it. */
const restFrames = 60;

export async function openPage(
  browser: Browser,
  server: Pick<StartedServer, "url" | "token">,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext(options);
  await context.addInitScript(countWork);
  const page = await context.newPage();
  // For what never comes; how long it takes is measured where that matters.
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // What the API refuses is shown on the page; the browser tells of it by itself as well.
    const isRefusal = message.text().startsWith("Failed to load resource");
    if (["error", "warning"].includes(message.type()) && !isRefusal)
      complaints.push(message.text());
  });
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== server.url && !["data:", "blob:"].includes(protocol)) {
      complaints.push(`a request to ${request.url()}`);
    }
  });
  return {
    page,
    open: async (path) => {
      await page.goto("about:blank");
      await page.goto(`${server.url}/ui/${path}#token=${server.token}`);
    },
    assertAccessible: async () => {
      // What slides in is half transparent until it is there.
      await page.evaluate(allAnimated);
      await page.evaluate(axe.source);
      const found = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })");
      expect.soft(violationsOf(found), page.url()).toEqual([]);
    },
    assertResting: async () => {
      // Clocks tick and answers are on their way: only what never stops has no second of rest.
      const work = () => page.evaluate(`workOfFrames(${restFrames})`);
      await expect.poll(work, { timeout: 60_000, interval: 0 }).toEqual([0, 0, 0]);
    },
    assertQuiet: () => expect(complaints).toEqual([]),
    [Symbol.asyncDispose]: () => context.close(),
  };
}

const AxeResults = z.object({
  violations: z.array(
    z.object({
      id: z.string(),
      nodes: z.array(z.object({ html: z.string(), failureSummary: z.string() })),
    }),
  ),
});

/** Each with the elements that it is about. */
function violationsOf(found: unknown): string[] {
  return AxeResults.parse(found).violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  );
}
