/** One of the comparisons of the lab. What it yields is gathered, repeated, judged and drawn by the lab. */
export interface Experiment {
  /** On the command line and in the report's addresses: `s1`, `drops`. */
  name: string
  title: string
  /** What is asked of whom, in a paragraph or two of Markdown: read beside the figures. */
  about: string
  /** Whose test this is and what it found, in a sentence; null for one of ours. */
  origin: string | null
  /** The columns, in their order. */
  figures: Figure[]
  charts: Chart[]
  /** One repeat. Yields each row as soon as it is measured, so that a run that is ended early keeps what is done. */
  run(lab: Lab): AsyncIterable<Row>
}

/** What the lab gives to an experiment. */
export interface Lab {
  /** A short run that shows that everything works; its figures say little. */
  readonly quick: boolean
  /** 0 at first. */
  readonly repeat: number
  /** Shown in the progress line: what happens now, in a few words. */
  step(what: string): void
}

export interface Figure {
  /** Of `Row.figures`. */
  key: string
  /** With its unit: `p99 ms`. */
  title: string
  better: 'more' | 'less' | null
  /** Digits after the point; 0 when not given. */
  digits?: number
}

export interface Chart {
  title: string
  /** `bars`: a bar for each row that has the figure. `lines`: a line for each system, over the rows that have it and `x`. */
  kind: 'bars' | 'lines'
  /** The figure that is drawn. */
  figure: string
  /** The key of the figure on the horizontal axis, of a chart of lines. That axis is logarithmic where its span is wide. */
  x?: string
  /** The axis of the figure. */
  logarithmic?: boolean
  /** Dashed lines: limits that the figure is held against. */
  limits?: { at: number; name: string }[]
}

/** What was measured of one system under one condition, once. Rows with the same name are repeats of each other. */
export interface Row {
  /** What stands before a colon is a condition: its rows stand together, whenever they were measured. */
  name: string
  /**
   * What is measured: rows of one system have one colour, and one line in a chart of lines. Where it begins with `Yeoul`
   * it is drawn in the accent colour, else as a peer.
   */
  system: string
  /** What the system does not do of what is asked (store, order, recover …), or other words that belong beside the figures. */
  remark?: string
  /** What the origin of the test reported for this condition, with its unit: `73,665/s`. Shown beside the figures. */
  claim?: string
  /** By key. One that does not apply is left out. */
  figures: Record<string, number>
  /** What must hold, as sentences; a false one fails the run. Of peers only what they promise. */
  invariants: Record<string, boolean>
  /** Why the figures are worth nothing (the generator was the bottleneck): then they are not shown. */
  void?: string | null
  /** What the figures don't say. */
  notes?: string[]
}
