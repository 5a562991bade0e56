/**
 * What changes, in the public interface: an immutable snapshot and a way to hear of the next one, in the shape that React's
 * `useSyncExternalStore(live.subscribe, live.getSnapshot)` takes. Both functions may be passed around unbound.
 */
export interface Live<T> {
  /** The same object until something changed. */
  getSnapshot(this: void): T
  /** Calls `listener` after each change; changes are gathered, so that a hot room tells at most about 60 times a second. */
  subscribe(this: void, listener: () => void): () => void
}
