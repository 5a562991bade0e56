import { inspectEveryScreen } from './screens/inspect.ts'

inspectEveryScreen('desktop')
