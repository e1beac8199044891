/**
 * The page's addresses, such as `#/topics/demo/messages?partition=1&from=42`: every place has one that can be sent to a colleague.
 *
 * @module
 */

import { useEffect, useState } from "./preact.js";

/**
 * Where the page is.
 *
 * @typedef {object} Address
 * @property {readonly string[]} path The parts between slashes.
 * @property {Readonly<Record<string, string>>} query The filters; of two of one name, the last.
 */

/**
 * Writes an address.
 *
 * @param {readonly string[]} path The parts between slashes.
 * @param {Readonly<Record<string, string | undefined>>} [query] The filters; empty ones are left out.
 * @returns {string} The address, from `#` on.
 */
export function addressOf(path, query = {}) {
  const filters = filtersOf(query);
  return `#/${path.map(encodeURIComponent).join("/")}${
    filters && `?${filters}`
  }`;
}

/**
 * Writes filters as an address takes them.
 *
 * @param {Readonly<Record<string, string | undefined>>} query The filters; empty ones are left out.
 * @returns {string} The filters, without `?`.
 */
export function filtersOf(query) {
  return new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      value ? [[name, value]] : []
    ),
  ).toString();
}

/** @returns {Address} Where the page is. */
function current() {
  const [path = "", query = ""] = splitOnce(location.hash.slice(1), "?");
  return {
    path: path.split("/").filter((part) => part !== "").map(decode),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** @param {string} part */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** @param {string} text @param {string} at */
function splitOnce(text, at) {
  const index = text.indexOf(at);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

/**
 * Follows the address.
 *
 * @returns {Address} Where the page is.
 */
export function useAddress() {
  const [address, setAddress] = useState(current);
  useEffect(() => {
    const follow = () => setAddress(current());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return address;
}

/**
 * Goes to another address in place of the current one: the browser's Back leads past it.
 *
 * @param {string} address The address, from `#` on.
 */
export function replaceAddress(address) {
  if (address === location.hash) return;
  history.replaceState(null, "", address);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
