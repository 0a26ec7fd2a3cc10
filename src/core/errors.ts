/**
 * Owns the table of errors a person may meet: code, whether trying again can help, exit code, and the mend.
 * docs/reference/errors.md is generated from it and a test keeps the two equal. Match codes, never text or class.
 */

interface ErrorRow {
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean
  /** 1: found a difference or failed; 2: could not understand its input. */
  readonly exitCode: 1 | 2
  /** What it means. */
  readonly means: string
  /** What the person should do. */
  readonly mend: string
}

const row = (exitCode: 1 | 2, means: string, mend: string, retryable = false): ErrorRow => ({
  retryable,
  exitCode,
  means,
  mend,
})

export const ERRORS = {
  CONFIG_UNREADABLE: row(
    2,
    'The configuration file cannot be read or is not YAML.',
    'Check the path and the line that the message names.',
  ),
  CONFIG_INVALID: row(
    2,
    'A key of the configuration is unknown, missing or out of range.',
    'Correct the key that the message names; docs/reference/configuration.md lists them all.',
  ),
  EXTERNAL_SIGNAL_INVALID: row(
    2,
    'A signal of your own cannot be loaded, or is not made as one must be.',
    'Mend the file that the message names; docs/guides/write-a-signal.md has one that works.',
  ),
  CONFIG_SECRET_LITERAL: row(
    2,
    'A key that may hold a secret has a literal value.',
    'Write env:NAME and put the value into the environment.',
  ),
  USAGE: row(2, 'The command line was not understood.', 'Run the command with --help.'),
  NAME_INVALID: row(
    2,
    'A name that becomes a path has characters that are not allowed.',
    'Use letters, digits, dot, underscore and dash, at most 64 of them, without "..".',
  ),
  IMPORT_UNREADABLE: row(
    2,
    'A file to import cannot be opened or has not the expected columns.',
    'Check the path; the header must hold the columns that the message names.',
  ),
  IMPORT_BAD_ROW: row(
    1,
    'A row of a file to import is wrong; nothing of the file was imported.',
    'Correct the line that the message names and import the file again.',
  ),
  LAKE_EMPTY: row(
    2,
    'The lake holds no data for what was asked.',
    'Import or backfill it first: quantbot import --help.',
  ),
  LAKE_BUSY: row(1, 'Another process is writing to the lake.', 'Wait until that import or backfill has ended.', true),
  RUN_NOT_FOUND: row(2, 'There is no such run folder.', 'Give a run id of var/runs or the path of a run folder.'),
  RUN_DIFFERS: row(
    2,
    'The run exists, and was begun with another configuration, mode or code.',
    'Give the same configuration to go on with it, another --run, or --child-of RUN for a run that takes over its book.',
  ),
  RUN_LOCKED: row(1, 'Another process is writing this run.', 'Stop that process, or start a run of your own.', true),
  MANIFEST_INVALID: row(
    1,
    'manifest.json of the run is missing or damaged.',
    'Restore it from a copy; without it the chain cannot be verified.',
  ),
  LOG_CORRUPT: row(
    1,
    'The log does not match its hash chain.',
    'Run quantbot audit verify RUN; restore the segment that it names from a copy.',
  ),
  LOG_STALLED: row(
    1,
    'The log could not be written in time; trading is halted.',
    'Free the disk or mend it, then resume.',
    true,
  ),
  LOG_WRITE_FAILED: row(
    1,
    'The log could not be written (disk full, I/O error); trading is halted.',
    'Free space or mend the disk, then start the run again.',
    true,
  ),
  CHECKPOINT_MISMATCH: row(
    1,
    'A checkpoint does not match the log or its signature.',
    'The record was changed, or the checkpoint belongs to another run.',
  ),
  KEY_UNUSABLE: row(
    1,
    'The signing key or the token of the page cannot be read, or others may read it.',
    'chmod 600 the file that the message names; restore a key, remove a token.',
  ),
  TAPE_CHANGED: row(
    1,
    'A tape file is not the one that the run was made from.',
    'Import the same files again, or compare runs made from the same tape.',
  ),
  REPLAY_DIVERGED: row(
    1,
    'The run decided again gives other events.',
    'Compare code and Node versions with the manifest; the message shows the first difference.',
  ),
  SEQ_OUT_OF_RANGE: row(2, 'The log has no such seq.', 'Give a seq between 1 and the last one of the run.'),
  ORDER_NOT_FOUND: row(2, 'The log has no such order.', 'List the orders with quantbot audit trades RUN.'),
  AGENT_CYCLE: row(1, 'The agents depend on each other in a circle.', 'Break the circle that the message names.'),
  AGENT_UNKNOWN: row(
    1,
    'An agent depends on one that is not registered.',
    'Register the agent that the message names, or drop the dependency.',
  ),
  AGENT_FAULTED: row(
    1,
    'A decider threw; its outputs of the step were dropped.',
    'Report the bug with the run folder; replay --until shows the state before it.',
  ),
  FEED_FAILED: row(1, 'A feed of market data broke.', 'It is restarted with backoff; see quantbot status.', true),
  VENUE_UNREACHABLE: row(
    1,
    'A venue does not answer, or is closed for maintenance.',
    'Check the network and the endpoints of the configuration; the venue’s status page tells of maintenance.',
    true,
  ),
  VENUE_REFUSED: row(
    1,
    'A venue refused a request: parameters, key, or an instrument that it does not have.',
    'The message has the venue’s own code; docs/guides/venues.md tells what they mean.',
  ),
  VENUE_RATE_LIMITED: row(
    1,
    'A venue limits or banned this address for a while.',
    'Nothing is sent before the time that the message names; look for other programs that use the same address.',
    true,
  ),
  PAYLOAD_REFUSED: row(
    1,
    'A payload of a venue does not say what it must.',
    'The payload is in the quarantine file with the reason; quantbot parse shows how it is read.',
  ),
  SECRET_MISSING: row(
    2,
    'An environment variable that the configuration names is not set.',
    'Set the variable that the message names.',
  ),
  STORE_UNAVAILABLE: row(
    1,
    'PostgreSQL or Redis cannot be reached or refused the connection.',
    'Start the server or correct its URL; trading does not need it.',
    true,
  ),
  STORE_SCHEMA: row(
    1,
    'The schema of the aggregate store is newer than this version, or a migration failed.',
    'Use the version that wrote it, or rebuild it into an empty database: quantbot projections rebuild.',
  ),
  SQL_REFUSED: row(
    2,
    'The query is not one SELECT over the lake.',
    'Write one SELECT; files outside the lake, writing and settings are locked.',
  ),
  NOT_RUNNING: row(1, 'No process is running this run.', 'Start it with quantbot run, or name another run.', true),
  CONTROL_REFUSED: row(1, 'The running process refused the command.', 'The message says why; see quantbot status.'),
  UNRESPONSIVE: row(
    1,
    'The trading process did not answer its page in time.',
    'The message says whether anything was done; see its problems in quantbot status, and try again.',
    true,
  ),
  SESSION_REQUIRED: row(
    1,
    'The page was asked without a session, or with a wrong token.',
    'Open the URL that quantbot run, status or open prints; other programs send its token as Bearer.',
  ),
  ORIGIN_REFUSED: row(
    1,
    'The page was asked under a foreign name, or by a page of another site.',
    'Use the printed URL; a name of your own belongs into web.allowedHosts.',
  ),
  TOO_MANY_REQUESTS: row(1, 'The page was asked too often, or by too many at once.', 'Wait a minute.', true),
  BACKUP_INVALID: row(
    1,
    'A backup is not as it was taken: a file is missing, added or changed, or its log does not prove itself.',
    'Take another backup; the message names the first file or the first problem.',
  ),
  TARGET_EXISTS: row(2, 'The file or folder to write exists already.', 'Choose another name or remove it.'),
  INTERNAL: row(1, 'A bug of quantbot.', 'Report it with the command and its output.'),
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof ERRORS

/** An error a person may meet. `detail` names the file, the key or line, and what was seen; never a secret. */
export class QuantbotError extends Error {
  override readonly name = 'QuantbotError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, detail: string, options?: { readonly cause?: unknown }) {
    super(detail, options)
    this.code = code
  }

  get mend(): string {
    return ERRORS[this.code].mend
  }

  get exitCode(): 1 | 2 {
    return ERRORS[this.code].exitCode
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable
  }
}

/** Recognises by code, so that it also works across copies of the package. */
export function isQuantbotError(error: unknown): error is QuantbotError {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && Object.hasOwn(ERRORS, error.code)
  )
}
