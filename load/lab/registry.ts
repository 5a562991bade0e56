import type { Experiment } from './experiment.ts'

/** All experiments, in the order in which they run: those of the five projects first. */
export const EXPERIMENTS: Experiment[] = []
