/**
 * How long a test waits for what must come, in ms: many times what it takes on a busy machine of two cores, for such a wait
 * costs nothing when all is well. A test that promises a time checks that by itself.
 */
export const PATIENCE_MS = 30_000
