/** Two short tones for hands that are busy with cards. They say nothing that does not stand in the window too. */

/** Frequencies in hertz, one after another. */
const TONES = { done: [659, 880], attention: [392, 330] } as const
export type Tone = keyof typeof TONES

const NOTE_SECONDS = 0.14
const LOUDNESS = 0.12

let context: AudioContext | undefined

/** Silent where the computer has no sound. */
export function play(tone: Tone): void {
  try {
    context ??= new AudioContext()
    const start = context.currentTime
    TONES[tone].forEach((frequency, at) => {
      if (context !== undefined) note(context, frequency, start + at * NOTE_SECONDS)
    })
  } catch {
    context = undefined
  }
}

/** Fades in and out, so that nothing clicks. */
function note(audio: AudioContext, frequency: number, at: number): void {
  const oscillator = audio.createOscillator()
  const gain = audio.createGain()
  oscillator.type = 'sine'
  oscillator.frequency.value = frequency
  gain.gain.setValueAtTime(0, at)
  gain.gain.linearRampToValueAtTime(LOUDNESS, at + 0.02)
  gain.gain.linearRampToValueAtTime(0, at + NOTE_SECONDS)
  oscillator.connect(gain).connect(audio.destination)
  oscillator.start(at)
  oscillator.stop(at + NOTE_SECONDS)
}
