import { inspectEveryScreen } from './screens/inspect.ts'

inspectEveryScreen('phone')
