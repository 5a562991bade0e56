import { onInterrupt } from '../measure/processes.ts'
import type { Experiment } from './experiment.ts'
import { terminalSummary, verdict } from './markdown.ts'
import { clock, Progress } from './progress.ts'
import { writeReport } from './report.ts'
import { Findings, type Report } from './results.ts'
import type { Surroundings } from './surroundings.ts'

export interface LabPlan {
  experiments: Experiment[]
  quick: boolean
  repeats: number
  /** The folder that the report is written to; null: it is only printed. */
  out: string | null
  /** As it was typed. */
  command: string
  surroundings: Surroundings
}

/**
 * Runs the experiments one after the other, all repeats of each, and tells what came of them. A signal ends the run: what is
 * done is told, and the process exits with the code of the signal. Answers 0, or 1 when an invariant did not hold.
 */
export async function runLab(plan: LabPlan): Promise<number> {
  const lab = new LabRun(plan)
  onInterrupt(() => lab.end('it was interrupted'))
  // A server that dies under an experiment may reject what nobody waits for any more.
  process.once('uncaughtException', (error) => {
    lab.crashed(error)
    process.exit(1)
  })
  await lab.run()
  return lab.end(null)
}

class LabRun {
  readonly #plan: LabPlan
  readonly #progress: Progress
  readonly #findings: Findings[] = []
  /** Of which repeat rows come now. */
  #repeat = 0
  /** The experiment whose figures have not been printed yet. */
  #open: Findings | null = null

  constructor(plan: LabPlan) {
    this.#plan = plan
    const names = plan.experiments.map(({ name }) => name)
    this.#progress = new Progress(names, plan.repeats, plan.quick)
  }

  async run(): Promise<void> {
    for (const experiment of this.#plan.experiments) {
      this.#open = new Findings(experiment, this.#plan.repeats)
      this.#findings.push(this.#open)
      for (let repeat = 0; repeat < this.#plan.repeats; repeat++) await this.#runOnce(this.#open, repeat)
      this.#print()
    }
  }

  /** One that cannot be run to its end is reported like a broken invariant, and the others go on. */
  async #runOnce(findings: Findings, repeat: number): Promise<void> {
    const { experiment } = findings
    this.#repeat = repeat
    this.#progress.begin(experiment.name, repeat)
    try {
      const step = (what: string) => this.#progress.step(what)
      for await (const row of experiment.run({ quick: this.#plan.quick, repeat, step })) findings.add(repeat, row)
    } catch (error) {
      findings.fail(repeat, (error as Error).message)
      this.#progress.clear()
      console.error((error as Error).stack)
    }
    this.#progress.end()
  }

  crashed(error: Error): void {
    this.#open?.fail(this.#repeat, error.message)
    this.end('an error ended it')
    console.error(error.stack)
  }

  /** Prints what is not printed yet and writes the report. `incomplete`: why not everything was measured. */
  end(incomplete: string | null): number {
    this.#progress.clear()
    this.#print()
    const { out } = this.#plan
    const broken = this.#findings.flatMap((one) => one.broken.map((what) => `${one.experiment.name}: ${what}`))
    if (incomplete !== null) console.log(`Incomplete: ${incomplete}.`)
    console.log(`${verdict(this.#findings)} ${clock(this.#progress.elapsedMs)} minutes.`)
    for (const what of broken) console.log(`  BROKEN ${what}`)
    if (out !== null && this.#findings.some(({ results }) => results.length > 0)) {
      writeReport(out, this.#report(incomplete))
      console.log(`The report is in ${out}: report.html, report.md and report.json.`)
    }
    return broken.length > 0 ? 1 : 0
  }

  #print(): void {
    if (this.#open === null) return
    const { name, title } = this.#open.experiment
    console.log(`\n${name}: ${title}\n\n${terminalSummary(this.#open)}\n`)
    this.#open = null
  }

  #report(incomplete: string | null): Report {
    const { command, quick, repeats, surroundings } = this.#plan
    return {
      command,
      quick,
      repeats,
      elapsedMs: this.#progress.elapsedMs,
      incomplete,
      surroundings,
      findings: this.#findings,
    }
  }
}
