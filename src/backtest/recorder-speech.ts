/**
 * Owns what signals said within a recording: on which days each had data to decide on, how often it went in and out and why, warnings
 * and regimes. A package that is flat is not spoken of: signals of packages have data on days with an input of their kind. Pure.
 */
import type { InstrumentId } from '#core/ids'
import { parseInstrument } from '#core/ids'
import type { AnyEvent, EventNamed } from '#events/catalogue'
import { kindOfId } from '#events/instrument-kind'
import { signalName } from './attribution.js'
import { Counter } from './recorder-counter.js'
import type { RecordedSpeech } from './recording.js'
import { Doubles } from './series.js'

/** What a signal says of an instrument that it cannot decide on. */
export const INELIGIBLE: ReadonlySet<string> = new Set(['warming-up', 'stale', 'delisted', 'no-data', 'missing-bars'])

type InputKind = 'funding' | 'dispersion' | 'dated-futures' | 'option-chains'
const INPUT_OF: Readonly<Record<string, InputKind>> = {
  carry: 'funding',
  dispersion: 'dispersion',
  basis: 'dated-futures',
  vrp: 'option-chains',
  skew: 'option-chains',
}
const INPUT_NAMES: Readonly<Record<InputKind, string>> = {
  funding: 'funding of its perpetuals',
  dispersion: 'funding of two venues on one day',
  'dated-futures': 'prices of dated futures',
  'option-chains': 'option chains',
}

class Voice {
  readonly name: string
  readonly live = new Doubles()
  readonly reasons = new Counter()
  readonly triggers = new Counter()
  readonly legging = new Counter()
  readonly targets = new Map<string, number>()
  readonly eligible = new Set<string>()
  isLive = false

  constructor(name: string) {
    this.name = name
  }

  turned(subject: string, reason: string, target: number): void {
    const before = this.targets.get(subject) ?? 0
    this.reasons.add(reason)
    this.targets.set(subject, target)
    if (before === 0 && target !== 0) this.triggers.add(`entry: ${reason}`)
    else if (before !== 0 && target === 0) this.triggers.add(`exit: ${reason}`)
    else if (before * target < 0) this.triggers.add(`turn: ${reason}`)
    else if (before !== target) this.triggers.add('resize')
  }

  decides(subject: string, isEligible: boolean): void {
    if (!isEligible) this.eligible.delete(subject)
    else {
      this.eligible.add(subject)
      this.isLive = true
    }
  }
}

export class Speech {
  readonly #voices = new Map<string, Voice>()
  readonly #byInput = new Map<InputKind, Voice[]>()
  readonly #only: ReadonlyMap<string, ReadonlySet<InstrumentId>>
  /** By base coin: venues that settled funding today. */
  readonly #venues = new Map<string, Set<string>>()
  readonly #dated = new Map<InstrumentId, boolean>()
  readonly #homes = new Map<InstrumentId, readonly [venue: string, coin: string]>()
  readonly #wantsFunding: boolean

  /** `only`: instruments that a signal was restricted to. */
  constructor(signals: readonly string[], only: Readonly<Record<string, readonly InstrumentId[]>> = {}) {
    this.#only = new Map(Object.entries(only).map(([signal, ids]) => [signal, new Set(ids)]))
    for (const name of signals) {
      const voice = new Voice(name)
      this.#voices.set(name, voice)
      const kind = INPUT_OF[name]
      if (kind !== undefined) this.#byInput.set(kind, [...(this.#byInput.get(kind) ?? []), voice])
    }
    this.#wantsFunding = this.#byInput.has('funding') || this.#byInput.has('dispersion')
  }

  observe(event: AnyEvent): void {
    switch (event.type) {
      case 'SignalChanged':
        this.#signal(event)
        break
      case 'PackageChanged':
        this.#package(event)
        break
      case 'RegimeChanged':
        this.#regime(event)
        break
      case 'CascadeWarningChanged': {
        const voice = this.#voices.get(signalName(event.data.signal))
        voice?.triggers.add(event.data.isOn ? 'warning: on' : 'warning: off')
        if (event.data.isOn && event.data.isConfirmed) voice?.triggers.add('warning: confirmed')
        break
      }
      case 'PackageImbalanced':
        this.#voices.get(signalName(event.data.signal))?.legging.add(event.data.action)
        break
      case 'FundingSettled':
        if (this.#wantsFunding && !event.data.proxy) this.#funding(event.data.instrument)
        break
      case 'MarkChanged':
        if (this.#byInput.has('dated-futures') && this.#isDated(event.data.instrument)) this.#came('dated-futures')
        break
      case 'OptionChainObserved':
        this.#came('option-chains')
        break
    }
  }

  /** Ends a day; `held(signal)`: whether a package of it is held. */
  close(held: (signal: string) => boolean): void {
    for (const voice of this.#voices.values()) {
      voice.live.push(voice.isLive || held(voice.name) ? 1 : 0)
      voice.isLive = voice.eligible.size > 0
    }
    this.#venues.clear()
  }

  /** A day without an instant: as the one before. */
  carry(): void {
    for (const { live } of this.#voices.values()) live.push(live.length === 0 ? 0 : live.at(live.length - 1))
  }

  finish(): RecordedSpeech[] {
    return [...this.#voices.values()].map((voice) => {
      const kind = INPUT_OF[voice.name]
      return {
        signal: voice.name,
        live: voice.live.toArray(),
        needs: kind === undefined ? null : INPUT_NAMES[kind],
        reasons: voice.reasons.tally(),
        triggers: voice.triggers.tally(),
        legging: voice.legging.tally(),
      }
    })
  }

  #came(kind: InputKind): void {
    const voices = this.#byInput.get(kind)
    if (voices !== undefined) for (const voice of voices) voice.isLive = true
  }

  #signal({ data }: EventNamed<'SignalChanged'>): void {
    const voice = this.#voices.get(signalName(data.signal))
    if (voice === undefined) return
    const size = data.targetWeight === 0 ? 1 : Math.abs(data.targetWeight)
    voice.turned(data.instrument, data.reason, data.side === 'flat' ? 0 : data.side === 'long' ? size : -size)
    voice.decides(data.instrument, !INELIGIBLE.has(data.reason))
  }

  #package({ data }: EventNamed<'PackageChanged'>): void {
    const voice = this.#voices.get(signalName(data.signal))
    if (voice === undefined) return
    voice.turned(data.package, data.reason, data.targetWeight)
    voice.isLive ||= !INELIGIBLE.has(data.reason)
    if (!(voice.name in INPUT_OF)) voice.decides(data.package, data.targetWeight > 0)
  }

  #regime({ data }: EventNamed<'RegimeChanged'>): void {
    const voice = this.#voices.get(signalName(data.signal))
    if (voice === undefined) return
    voice.reasons.add(data.regime)
    voice.triggers.add(`regime: ${data.regime}`)
    voice.decides('regime', !INELIGIBLE.has(data.regime))
  }

  #funding(instrument: InstrumentId): void {
    for (const voice of this.#byInput.get('funding') ?? []) {
      const only = this.#only.get(voice.name)
      if (only === undefined || only.has(instrument)) voice.isLive = true
    }
    const voices = this.#byInput.get('dispersion')
    if (voices === undefined || voices.every(({ isLive }) => isLive)) return
    const [venue, coin] = this.#homeOf(instrument)
    const venues = this.#venues.get(coin) ?? new Set()
    this.#venues.set(coin, venues.add(venue))
    if (venues.size >= 2) for (const voice of voices) voice.isLive = true
  }

  #homeOf(instrument: InstrumentId): readonly [string, string] {
    const known = this.#homes.get(instrument)
    if (known !== undefined) return known
    const { venue = '', symbol = '' } = parseInstrument(instrument) ?? {}
    const home = [venue, symbol] as const
    this.#homes.set(instrument, home)
    return home
  }

  #isDated(instrument: InstrumentId): boolean {
    const known = this.#dated.get(instrument)
    if (known !== undefined) return known
    const dated = kindOfId(instrument).endsWith('Future')
    this.#dated.set(instrument, dated)
    return dated
  }
}
