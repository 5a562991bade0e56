export interface VerifyReport {
  rooms: number
  events: number
  messages: number
  /** What is wrong, in plain words, one finding each; empty when all is well. */
  problems: string[]
}
