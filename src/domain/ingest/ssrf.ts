/**
 * Which URLs the server may fetch on behalf of somebody else (HTTP: SSRF): the text of a URL, and
 * the address that a name resolved to. Both are needed: a harmless name can resolve to anything, so
 * whoever connects checks the address it connects to, and every redirect, again.
 */
import { type BucketsError, invalidAt } from "../errors.js";

export interface FetchPolicy {
  /** For development alone: the own machine may be fetched from, at any port. */
  readonly allowLoopback: boolean;
}

type Location = readonly (string | number)[];

const ports: readonly string[] = ["", "80", "443", "8080", "8443"];

/**
 * The URL in its canonical form: decimal, octal and hex spellings of an address are that address by
 * then. @throws VALIDATION_FAILED at the place, with the rule and nothing about the network.
 */
export function checkFetchUrl(text: string, at: Location, policy: FetchPolicy): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw refused(at, "Send an http or https URL.");
  }
  if (url.username !== "" || url.password !== "") {
    throw refused(at, "Leave user and password out of the URL.");
  }
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.+$/, "");
  if (policy.allowLoopback && isLoopback(host)) return url;
  if (!isPublicHost(host)) throw refused(at, "Send a URL with a public host.");
  if (!ports.includes(url.port)) throw refused(at, "Send a URL with port 80, 443, 8080 or 8443.");
  return url;
}

/** Object stores: their URLs name a bucket, and where that is nobody but its reader decides. */
const objectStores: readonly string[] = ["s3:", "gs:", "az:", "abfs:", "abfss:"];

/** The URL of a blob, which others will fetch. @throws VALIDATION_FAILED as `checkFetchUrl` does. */
export function checkBlobUrl(text: string, at: Location, policy: FetchPolicy): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && objectStores.includes(url.protocol)) return;
  checkFetchUrl(text, at, policy);
}

/** Whether an address that a name resolved to, in its textual form, may be connected to. */
export function isFetchable(address: string, policy: FetchPolicy): boolean {
  const groups = address.includes(":") ? parseIpv6(address) : undefined;
  const isAddress = parseIpv4(address) !== undefined || groups !== undefined;
  if (!isAddress) return false;
  return isPublicHost(address) || (policy.allowLoopback && isLoopback(address));
}

/**
 * The last labels of names that mean something in the own network alone: reserved (RFC 2606, RFC 6761,
 * RFC 6762 with its appendix G, RFC 7686, RFC 8375, RFC 9476), and those of clusters.
 */
const ownNames = [
  ...["localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home"],
  ...["home.arpa", "lan", "test", "invalid", "onion", "alt", "svc"],
].map((name) => `.${name}`);

/** A name without a dot is of the own network, too. */
function isPublicHost(host: string): boolean {
  const ipv4 = parseIpv4(host);
  if (ipv4 !== undefined) return isPublicIpv4(ipv4);
  if (host.includes(":")) return isPublicIpv6(host);
  const name = host.toLowerCase();
  return name.includes(".") && !ownNames.some((suffix) => name.endsWith(suffix));
}

/** Whether a host, a name or an address, is this machine. */
export function isLoopback(host: string): boolean {
  const ipv4 = parseIpv4(host);
  return ipv4 !== undefined
    ? ipv4 >>> 24 === 127
    : host === "::1" || /(^|\.)localhost$/i.test(host);
}

/** Networks that are not of the public internet (IANA's registry of special purposes). */
const specialIpv4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  // Multicast, and what is reserved for a future that did not come.
  "224.0.0.0/3",
].map((network) => {
  const [base = "", bits = ""] = network.split("/");
  return { base: parseIpv4(base) ?? 0, hostBits: 32 - Number(bits) };
});

function isPublicIpv4(address: number): boolean {
  return !specialIpv4.some(({ base, hostBits }) => address >>> hostBits === base >>> hostBits);
}

/** Four decimal numbers, as a canonical URL and a resolver write an address; in 32 bits. */
function parseIpv4(host: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return undefined;
  const parts = host.split(".").map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  return parts.reduce((address, part) => address * 256 + part, 0);
}

/**
 * Only global unicast (2000::/3) is public, which leaves out ::, ::1, fc00::/7, fe80::/10 and
 * multicast at once. What wraps an IPv4 address is left out whole: mapped and translated addresses
 * lie elsewhere, and 6to4 (2002::/16) and Teredo with the documentation (2001::/23, 2001:db8::/32,
 * 3fff::/20) are nobody's home.
 */
function isPublicIpv6(host: string): boolean {
  const [first, second] = parseIpv6(host) ?? [];
  if (first === undefined || second === undefined) return false;
  if (first >>> 13 !== 1 || first === 0x2002) return false;
  if (first === 0x3fff && second < 0x1000) return false;
  return first !== 0x2001 || (second >= 0x200 && second !== 0xdb8);
}

/** The eight groups; a zone, and whatever else is no address, has none. */
function parseIpv6(host: string): readonly number[] | undefined {
  const url = `http://[${host}]/`;
  if (!/^[0-9a-f:.]+$/i.test(host) || !URL.canParse(url)) return undefined;
  const [start = "", end] = new URL(url).hostname.slice(1, -1).split("::");
  const before = groupsOf(start);
  const after = groupsOf(end ?? "");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after];
}

function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function refused(at: Location, message: string): BucketsError {
  return invalidAt(at, "url_refused", message);
}
