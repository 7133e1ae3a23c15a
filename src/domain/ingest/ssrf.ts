/**
 * Which URLs the server may fetch on behalf of somebody else (HTTP: SSRF): the text of a URL, and
 * the address that a name resolved to. Both are needed: a harmless name can resolve to anything, so
 * whoever connects checks the address it connects to, and every redirect, again.
 */
import ipaddr from "ipaddr.js";
import { type BucketsError, invalidAt } from "../errors.js";

const { IPv4, IPv6 } = ipaddr;
type IPv4 = ipaddr.IPv4;
type IPv6 = ipaddr.IPv6;

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
  const parsed = parseAddress(address);
  if (parsed === undefined) return false;
  return isPublicAddress(parsed) || (policy.allowLoopback && isLoopback(address));
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
  const address = parseAddress(host);
  if (address !== undefined) return isPublicAddress(address);
  const name = host.toLowerCase();
  return name.includes(".") && !name.includes(":") && !ownNames.some((own) => name.endsWith(own));
}

/** Whether a host, a name or an address, is this machine. */
export function isLoopback(host: string): boolean {
  return parseAddress(host)?.range() === "loopback" || /(^|\.)localhost$/i.test(host);
}

type Address = IPv4 | IPv6;

/** As a canonical URL and a resolver write it; a zone, and whatever else is no address, is none. */
function parseAddress(host: string): Address | undefined {
  if (IPv4.isValidFourPartDecimal(host)) return IPv4.parse(host);
  return host.includes(":") && !host.includes("%") && IPv6.isValid(host)
    ? IPv6.parse(host)
    : undefined;
}

/** All that is given out of IPv6 to be reached (RFC 4291 section 2.4, IANA's registry). */
const globalUnicast: [IPv6, number] = [IPv6.parse("2000::"), 3];

/**
 * What is of none of the ranges that are set apart (IANA's registries of special purposes). What wraps
 * an IPv4 address is left out whole.
 */
function isPublicAddress(address: Address): boolean {
  if (address.range() !== "unicast") return false;
  return address instanceof IPv4 || address.match(globalUnicast);
}

function refused(at: Location, message: string): BucketsError {
  return invalidAt(at, "url_refused", message);
}
