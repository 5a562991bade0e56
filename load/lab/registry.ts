import type { Experiment } from './experiment.ts'
import { capacity } from './experiments/capacity.ts'
import { drops } from './experiments/drops.ts'
import { peers } from './experiments/peers.ts'
import { registrations } from './experiments/registrations.ts'
import { servers } from './experiments/servers.ts'
import { sessions } from './experiments/sessions.ts'
import { steps } from './experiments/steps.ts'

/** All experiments, in the order in which they run: those of the five projects first. */
export const EXPERIMENTS: Experiment[] = [sessions, servers, steps, registrations, capacity, drops, peers]
