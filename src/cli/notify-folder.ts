/** Owns where the notifier of a run keeps its position and spools. */
import { join } from 'node:path'

export const notifyFolder = (home: string, run: string): string => join(home, 'notify', run)
