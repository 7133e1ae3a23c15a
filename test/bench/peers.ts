/**
 * Peers: other software that somebody may use instead. They are no dependencies of ours; whoever wants
 * to see them installs them under `.bench/peers`.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const folder = resolve(".bench/peers");

export const peers = {
  emmett: [
    "@event-driven-io/emmett@0.38.5",
    "@event-driven-io/emmett-sqlite@0.38.5",
    "sqlite3@5.1.7",
  ],
  postgres: ["pg@8.23.1"],
} as const;

export function isInstalled(name: string): boolean {
  return existsSync(join(folder, "node_modules", name));
}

export function howToInstall(peer: keyof typeof peers): string {
  return `npm install --prefix .bench/peers ${peers[peer].join(" ")}`;
}

export const requirePeer = createRequire(join(folder, "package.json"));
