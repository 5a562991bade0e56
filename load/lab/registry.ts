import type { Experiment } from './experiment.ts'
import { capacity } from './experiments/capacity.ts'
import { registrations } from './experiments/registrations.ts'

/** All experiments, in the order in which they run: those of the five projects first. */
export const EXPERIMENTS: Experiment[] = [registrations, capacity]
