import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLegBook, makeLeg } from '#signals/legs'
import {
  createPackageVoice,
  hearPackage,
  isPackageAboutHolding,
  judgePackageInput,
  leavePackage,
  type PackageVoice,
  packageDraft,
  packageHeldReason,
  packageSpeaks,
  wantPackage,
} from '#signals/package-voice'
import { asset, PERPETUAL, SPOT } from './funding-tape.js'

const BOOK = createLegBook([asset(PERPETUAL), asset(SPOT)])
const legs = (side: number) => [makeLeg(BOOK, 'perpetual', PERPETUAL, side), makeLeg(BOOK, 'spot', SPOT, -side)]
const BAND = 0.05
const open = (target = 0.1, side = -1): PackageVoice => {
  const voice = createPackageVoice('carry/x', 'carry')
  wantPackage(voice, 'carry', side * target, 1, target, legs(side))
  return voice
}
const draftOf = (voice: PackageVoice) =>
  packageDraft('signal/carry', voice, 1000, [{ name: 'a', value: 1 }], [0, 7]).data
/** Says it and remembers what it said, as the log does. */
function speak(voice: PackageVoice) {
  const data = draftOf(voice)
  hearPackage(voice, data)
  return data
}

describe('a package voice', () => {
  it('is silent without an opinion and while what was never open is flat', () => {
    const voice = createPackageVoice('carry/x', 'carry')
    expect(packageSpeaks(voice, BAND)).toBe(false)
    for (const reason of ['below-hurdle', 'delisted', 'stale']) {
      leavePackage(voice, reason)
      expect(packageSpeaks(voice, BAND)).toBe(false)
    }
  })

  it('says what it wants, with the seqs that history has', () => {
    const voice = open()
    voice.asOf = 50
    voice.price = 3
    expect(packageSpeaks(voice, BAND)).toBe(true)
    expect(speak(voice)).toEqual({
      signal: 'carry',
      package: 'carry/x',
      kind: 'carry',
      reason: 'carry',
      strength: -0.1,
      confidence: 1,
      targetWeight: 0.1,
      asOf: 50,
      validUntil: 1050,
      price: 3,
      legs: legs(-1),
      terms: [{ name: 'a', value: 1 }],
      inputs: [7],
    })
    expect(packageSpeaks(voice, BAND)).toBe(false)
  })

  it('speaks again for reason, size beyond the band, confidence, a leg or a ratio', () => {
    const changes: [string, (voice: PackageVoice) => void, boolean][] = [
      ['reason', (voice) => wantPackage(voice, 'other', -0.1, 1, 0.1, legs(-1)), true],
      ['size in the band', (voice) => wantPackage(voice, 'carry', -0.1, 1, 0.1049, legs(-1)), false],
      ['size beyond it', (voice) => wantPackage(voice, 'carry', -0.1, 1, 0.1051, legs(-1)), true],
      ['confidence in its band', (voice) => wantPackage(voice, 'carry', -0.1, 0.9, 0.1, legs(-1)), false],
      ['confidence beyond it', (voice) => wantPackage(voice, 'carry', -0.1, 0.89, 0.1, legs(-1)), true],
      ['the side', (voice) => wantPackage(voice, 'carry', 0.1, 1, 0.1, legs(1)), true],
      ['a leg fewer', (voice) => wantPackage(voice, 'carry', -0.1, 1, 0.1, legs(-1).slice(1)), true],
      [
        'a role',
        (voice) => wantPackage(voice, 'carry', -0.1, 1, 0.1, [legs(-1)[0]!, { ...legs(-1)[1]!, role: 'hedge' }]),
        true,
      ],
      ['its end', (voice) => leavePackage(voice, 'reversed'), true],
    ]
    for (const [what, change, speaks] of changes) {
      const voice = open()
      speak(voice)
      change(voice)
      expect(packageSpeaks(voice, BAND), what).toBe(speaks)
    }
    const hedged = open()
    speak(hedged)
    wantPackage(hedged, 'carry', -0.1, 1, 0.1, [legs(-1)[0]!, { ...legs(-1)[1]!, ratio: 1.04 }])
    expect([packageSpeaks(hedged, BAND), packageSpeaks(hedged, BAND, 0.05)]).toEqual([true, false])
  })

  it('keeps the legs of what it left, says so once, and is silent about reasons of what is closed', () => {
    const voice = open()
    speak(voice)
    leavePackage(voice, 'reversed')
    expect(speak(voice)).toMatchObject({ reason: 'reversed', targetWeight: 0, strength: 0, legs: legs(-1) })
    leavePackage(voice, 'not-unanimous')
    expect(packageSpeaks(voice, BAND)).toBe(false)
  })
})

describe('data in doubt', () => {
  it('keeps the last word whole, whatever the opinion becomes', () => {
    const voice = open()
    speak(voice)
    judgePackageInput(voice, SPOT, 'outlier', true)
    expect(isPackageAboutHolding(voice)).toBe(true)
    wantPackage(voice, 'carry', 0.2, 0.5, 0.2, legs(1))
    expect(packageSpeaks(voice, BAND)).toBe(true)
    expect(speak(voice)).toMatchObject({
      reason: 'held-outlier',
      strength: -0.1,
      confidence: 1,
      targetWeight: 0.1,
      legs: legs(-1),
      terms: [{ name: 'failingChecks', value: 1 }],
      inputs: [],
    })
    expect(packageSpeaks(voice, BAND)).toBe(false)
    judgePackageInput(voice, SPOT, 'outlier', false)
    expect([isPackageAboutHolding(voice), packageHeldReason(voice)]).toEqual([true, undefined])
    expect(speak(voice)).toMatchObject({ reason: 'carry', targetWeight: 0.2, legs: legs(1) })
    expect(isPackageAboutHolding(voice)).toBe(false)
  })

  it('lets nothing open, counts every check of every instrument, and is over when all pass', () => {
    const voice = open()
    judgePackageInput(voice, SPOT, 'stale', true)
    judgePackageInput(voice, PERPETUAL, 'gap', true)
    judgePackageInput(voice, PERPETUAL, 'gap', true)
    expect([packageSpeaks(voice, BAND), voice.badChecks.length]).toEqual([false, 2])
    judgePackageInput(voice, SPOT, 'stale', false)
    expect(packageSpeaks(voice, BAND)).toBe(false)
    judgePackageInput(voice, PERPETUAL, 'gap', false)
    expect(packageSpeaks(voice, BAND)).toBe(true)
  })

  it('does not hold what is too old or gone, nor what is closed', () => {
    for (const reason of ['stale', 'delisted']) {
      const voice = open()
      speak(voice)
      judgePackageInput(voice, SPOT, 'gap', true)
      leavePackage(voice, reason)
      expect(packageSpeaks(voice, BAND)).toBe(true)
      expect(speak(voice)).toMatchObject({ reason, targetWeight: 0 })
      leavePackage(voice, 'below-hurdle')
      expect(packageSpeaks(voice, BAND)).toBe(false)
    }
  })
})

describe('any story', () => {
  const step = fc.oneof(
    fc.record({ does: fc.constant('want' as const), target: fc.double({ min: 0, max: 0.2, noNaN: true }) }),
    fc.record({ does: fc.constant('leave' as const), target: fc.constant(0) }),
    fc.record({ does: fc.constantFrom('doubt' as const, 'trust' as const), target: fc.constant(0) }),
  )
  it('ends with a last word that is the opinion within its band, once data is good', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const voice = createPackageVoice('carry/x', 'carry')
        for (const { does, target } of steps) {
          if (does === 'want') wantPackage(voice, 'carry', -target, 1, target, legs(-1))
          else if (does === 'leave') leavePackage(voice, 'reversed')
          else judgePackageInput(voice, SPOT, 'gap', does === 'doubt')
          if (packageSpeaks(voice, BAND)) speak(voice)
          expect(packageSpeaks(voice, BAND)).toBe(false)
          if (voice.badChecks.length > 0 || voice.reason === '') continue
          expect(Math.abs(voice.target - voice.saidTarget)).toBeLessThanOrEqual(BAND * voice.saidTarget + 1e-6)
        }
      }),
    )
  })
})
