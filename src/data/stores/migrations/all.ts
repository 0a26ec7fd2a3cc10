/** Owns the list of migrations, in their order. */
import { tables } from './0001-tables.js'
import { rollups } from './0002-rollups.js'
import type { Migration } from './migration.js'

export const MIGRATIONS: readonly Migration[] = [tables, rollups]
export const SCHEMA_VERSION = MIGRATIONS.length
