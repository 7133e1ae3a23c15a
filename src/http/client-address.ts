/**
 * The address of the client, behind proxies that are trusted: whoever else connects could write into
 * `X-Forwarded-For` and `Forwarded` (RFC 7239) what it likes, and so nothing there is read.
 */
import { BlockList, isIP, SocketAddress } from "node:net";
import { BucketsError } from "../domain/errors.js";

/** What of a request tells where it comes from. */
export interface Origin {
  /** The other end of the connection. */
  readonly peer: string;
  /** A header, or the empty text. */
  readonly get: (header: string) => string;
}

/** @throws BAD_REQUEST for what is neither an address nor a range such as 10.0.0.0/8. */
export function parseRange(text: string): string {
  addRange(new BlockList(), text);
  return text;
}

/**
 * @param ranges the addresses of the proxies; without any, the client is who connects.
 * @returns what tells the address of a client. It throws BAD_REQUEST where a proxy lets through one
 * header and writes the other, so that they name different clients.
 * @throws BAD_REQUEST for what is no range.
 */
export function addressesBehind(ranges: readonly string[]): (origin: Origin) => string {
  const trusted = new BlockList();
  for (const range of ranges) addRange(trusted, range);
  const isTrusted = (address: string) =>
    ranges.length > 0 && isIP(address) > 0 && trusted.check(address, family(address));
  return ({ peer, get }) => {
    const proxy = canonical(peer) ?? peer;
    if (!isTrusted(proxy)) return proxy;
    const chains = [get("X-Forwarded-For"), get("Forwarded")]
      .map((header, index) => (index === 0 ? listed(header) : forwarded(header)))
      .filter((chain) => chain.length > 0);
    const [client = proxy, other = client] = chains.map((chain) =>
      nearestUntrusted(chain, proxy, isTrusted),
    );
    if (client === other) return client;
    throw new BucketsError(
      "BAD_REQUEST",
      "X-Forwarded-For and Forwarded name different clients: let the proxy send one of them alone.",
    );
  };
}

/** From the right, where the nearest proxy wrote, to the first that is none, or not known. */
function nearestUntrusted(
  chain: readonly string[],
  proxy: string,
  isTrusted: (address: string) => boolean,
): string {
  let nearest = proxy;
  for (const node of chain.toReversed()) {
    const address = addressOf(node);
    // Who it was is hidden, or not told: the last that is known answers for it.
    if (address === undefined) return nearest;
    nearest = address;
    if (!isTrusted(address)) return nearest;
  }
  return nearest;
}

function listed(header: string): readonly string[] {
  return header
    .split(",")
    .map((node) => node.trim())
    .filter((node) => node !== "");
}

const token = "[!#$%&'*+.^_`|~\\w-]+";
const pair = `(${token})=(?:(${token})|"((?:[^"\\\\]|\\\\.)*)")(?=[;, \\t]|$)`;
/** Each part can be read in one way alone, so that nothing which is sent makes it slow. */
const element = new RegExp(`((?:${pair}|[; \\t])*)(?:,|$)`, "y");
const pairs = new RegExp(pair, "g");

/** The `for` of each element; one that has none is unknown, and so is all of what is malformed. */
function forwarded(header: string): readonly string[] {
  const nodes: string[] = [];
  element.lastIndex = 0;
  while (element.lastIndex < header.length) {
    const found = element.exec(header)?.[1];
    if (found === undefined) return ["unknown"];
    if (found.trim() !== "") nodes.push(forOf(found) ?? "unknown");
  }
  return nodes;
}

function forOf(found: string): string | undefined {
  for (const [, name, plain, quoted] of found.matchAll(pairs)) {
    if (name?.toLowerCase() === "for") return plain ?? quoted?.replaceAll(/\\(.)/g, "$1");
  }
  return undefined;
}

/** Of a node with or without its port; undefined for `unknown`, `_hidden` and what is no address. */
function addressOf(node: string): string | undefined {
  const [, bracketed, ipv4] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\w+)?$/.exec(node) ?? [];
  return canonical(bracketed ?? ipv4 ?? node);
}

/** One text for one address: without zone, zeros and capitals, and IPv4 as that. */
function canonical(text: string): string | undefined {
  // It has no other form.
  if (isIP(text) === 4) return text;
  if (isIP(text) === 0 || text.includes("%")) return undefined;
  const { address } = new SocketAddress({ address: text, family: family(text) });
  return address.replace(/^::ffff:(?=[\d.]+$)/, "");
}

function family(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}

function addRange(list: BlockList, text: string): void {
  const [address = "", prefix, ...more] = text.split("/");
  const widest = isIP(address) === 6 ? 128 : 32;
  const bits = prefix === undefined ? widest : Number(prefix);
  const isRange =
    isIP(address) > 0 &&
    !address.includes("%") &&
    more.length === 0 &&
    /^\d{1,3}$/.test(prefix ?? "0") &&
    bits <= widest;
  if (isRange) list.addSubnet(address, bits, family(address));
  else {
    throw new BucketsError(
      "BAD_REQUEST",
      `"${text}" is no range of addresses: send one as 10.0.0.0/8, 2001:db8::/32 or 127.0.0.1.`,
    );
  }
}
