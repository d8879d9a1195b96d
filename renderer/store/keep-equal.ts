/**
 * `now`, in which each part that says the same as it did before is the very object that it was: a snapshot comes whole and new,
 * and what is drawn from a part of it is drawn again only where that part changed. Plain data, as it crosses from main.
 */
export function keepEqual<T>(before: unknown, now: T): T {
  return kept(before, now) as T
}

function kept(before: unknown, now: unknown): unknown {
  if (Object.is(before, now)) return before
  if (Array.isArray(before) && Array.isArray(now)) {
    const parts = now.map((part, index) => kept(before[index], part))
    return parts.length === before.length && parts.every((part, index) => part === before[index]) ? before : parts
  }
  if (!isRecord(before) || !isRecord(now)) return now
  const parts = Object.entries(now).map(([key, part]) => [key, kept(before[key], part)] as const)
  const isSame =
    parts.length === Object.keys(before).length &&
    parts.every(([key, part]) => Object.hasOwn(before, key) && part === before[key])
  return isSame ? before : Object.fromEntries(parts)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
