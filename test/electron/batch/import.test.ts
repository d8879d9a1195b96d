/** People from a file: what is read, and what is said of each row that cannot be. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Import, importPeople, MOST_BYTES, MOST_ROWS } from '../../../electron/batch/import.ts'
import { LANGUAGES } from '../../../electron/contract/languages.ts'
import { loadTexts } from '../../../renderer/locales/languages.ts'

const RULES = { role: 'registrar', known: new Set<string>() } as const
const read = (text: string | Uint8Array, rules: Parameters<typeof importPeople>[1] = RULES): Import & { kind: 'read' } => {
  const found = importPeople(typeof text === 'string' ? Buffer.from(text) : text, rules)
  if (found.kind !== 'read') throw new Error(JSON.stringify(found.problem))
  return found
}
const problem = (text: string | Uint8Array) => {
  const found = importPeople(typeof text === 'string' ? Buffer.from(text) : text, RULES)
  return found.kind === 'unreadable' ? found.problem : undefined
}
const ADA = { givenName: 'Ada', familyName: 'Lovelace', reference: 'C-1' }
const HEAD = 'given name,family name,reference'

describe('a file', () => {
  test.each([
    ['commas', 'given name,family name,reference\nAda,Lovelace,C-1\n'],
    ['semicolons', 'given name;family name;reference\nAda;Lovelace;C-1\n'],
    ['tabs', 'given name\tfamily name\treference\nAda\tLovelace\tC-1\n'],
    ['a byte order mark', '\ufeffgiven name,family name,reference\nAda,Lovelace,C-1\n'],
    ['CR LF', 'given name,family name,reference\r\nAda,Lovelace,C-1\r\n'],
    ['CR alone', 'given name,family name,reference\rAda,Lovelace,C-1'],
    ['mixed line ends', 'given name,family name,reference\nAda,Lovelace,C-1\r\n'],
    ['quoted cells', '"given name","family name","reference"\n"Ada","Lovelace","C-1"'],
    ['a line break inside of a cell', `${HEAD}\n"Ada","Love\nlace","C-1"`.replace('Love\nlace', '\nLovelace')],
    ['spaces around', `${HEAD}\n  Ada , Lovelace,C-1 `],
    ['empty lines and empty rows', `\n${HEAD}\n\n,,\nAda,Lovelace,C-1\n\n`],
    ['columns in another order, and more of them', 'Town,Reference,Family_Name,GIVEN-NAME\nLondon,C-1,Lovelace,Ada'],
  ])('is read with %s', (_, text) => {
    expect(read(text)).toMatchObject({ people: [ADA], faults: [] })
  })

  test('shows which of its columns is what', () => {
    expect(read('Town,Reference,Nachname,Vorname,Rolle,Sprache\nWien,C-1,L,A,Schalter,de-AT')).toMatchObject({
      columns: [
        { header: 'Town' },
        { header: 'Reference', field: 'reference' },
        { header: 'Nachname', field: 'familyName' },
        { header: 'Vorname', field: 'givenName' },
        { header: 'Rolle', field: 'role' },
        { header: 'Sprache', field: 'language' },
      ],
      people: [{ role: 'desk', language: 'de' }],
    })
  })

  test.each(LANGUAGES)('may use the words of the window in %s', async (language) => {
    const { text } = await loadTexts(language)
    const head = [text('person.given-name'), text('person.family-name'), text('person.reference'), text('person.role')]
    for (const role of ['desk', 'registrar'] as const) {
      const cells = ['Ada', 'Lovelace', 'C-1', text(`role.${role}`)]
      const file = [head, cells].map((row) => row.map((cell) => `"${cell}"`).join(';')).join('\n')
      expect(read(file)).toMatchObject({ people: [{ ...ADA, role }], faults: [] })
    }
  })

  test('keeps quotation marks, commas and letters of every script', () => {
    expect(read(`${HEAD}\n"Ada ""A.""","Love, lace",C-1\nليلى,हरि,C-2`).people).toEqual([
      { givenName: 'Ada "A."', familyName: 'Love, lace', reference: 'C-1' },
      { givenName: 'ليلى', familyName: 'हरि', reference: 'C-2' },
    ])
  })

  test.each([
    ['nothing', '', { code: 'batch-file-empty' }],
    ['a header line alone', `${HEAD}\n`, { code: 'batch-file-empty' }],
    ['a column missing', 'given name,family name\nAda,Lovelace', { code: 'batch-file-columns', line: 1 }],
    ['a column twice', `${HEAD},Vorname\nAda,Lovelace,C-1,Ada`, { code: 'batch-file-columns', line: 1 }],
    ['a quotation mark that never ends in its header', `"given name,family name\n`, { code: 'batch-file-empty', line: 1 }],
    [
      'bytes that are no UTF-8',
      Buffer.from(`${HEAD}\nAda,Lovelace,C-1\nJos\xe9,X,C-2`, 'latin1'),
      { code: 'batch-file-encoding', line: 3 },
    ],
    ['more bytes than allowed', new Uint8Array(MOST_BYTES + 1), { code: 'batch-file-too-large' }],
    ['more rows than allowed', `${HEAD}\n${'a,b,c\n'.repeat(MOST_ROWS + 1)}`, { code: 'batch-file-too-long' }],
  ])('with %s is refused, with the place', (_, text, expected) => {
    expect(problem(text)).toEqual(expected)
  })
})

describe('a row that cannot be taken is named by its line', () => {
  test.each([
    ['without a name', 'Ada,,C-1', { why: 'missing', field: 'familyName' }],
    ['too short', 'Ada,Lovelace', { why: 'missing', field: 'reference' }],
    ['with a name that is too long', `${'A'.repeat(81)},L,C-1`, { why: 'too-long', field: 'givenName' }],
    ['with a reference that is too long', `A,L,${'1'.repeat(41)}`, { why: 'too-long', field: 'reference' }],
    ['with control characters', 'A\u0007da,Lovelace,C-1', { why: 'bad-characters', field: 'givenName' }],
    ['with characters that turn the text', 'Ada,\u202eLovelace,C-1', { why: 'bad-characters', field: 'familyName' }],
    ['with a role that there is not', 'Ada,Lovelace,C-1,king', { why: 'unknown-role' }],
    ['with a role above the operator’s', 'Ada,Lovelace,C-1,supervisor', { why: 'role-above-yours' }],
    ['with a language that there is not', 'Ada,Lovelace,C-1,,tlh', { why: 'unknown-language' }],
    ['with more cells than the header', 'Ada,Lovelace,C-1,desk,en,more', { why: 'too-many-cells' }],
    ['with a quotation mark in the middle', 'A"d"a,Lovelace,C-1', { why: 'quotes' }],
    ['with the reference of an earlier one', 'Eva,B,C-0', { why: 'repeated', firstLine: 2, reference: 'C-0' }],
    ['with a reference of the open batch', 'Eva,B,C-9', { why: 'in-batch', reference: 'C-9' }],
  ])('%s', (_, row, fault) => {
    const file = `${HEAD},role,language\nBea,"First\nMiddle",C-0\n\n${row}\nZoe,Z,C-2`
    const { people, faults } = read(file, { role: 'registrar', known: new Set(['C-9']) })
    expect(faults).toEqual([{ line: 5, ...fault }])
    expect(people.map(({ reference }) => reference)).toEqual(['C-0', 'C-2'])
  })

  test('a quotation that never ends is named where it begins, not at the end of the file', () => {
    expect(read(`${HEAD}\nAda,Lovelace,C-1\n"Bea,B,C-2\nCleo,C,C-3\n`)).toMatchObject({
      people: [ADA],
      faults: [{ line: 3, why: 'quotes' }],
    })
  })
})

test('whatever the bytes, a file is read or refused, and every person keeps the gateway’s rules', () => {
  const cell = fc.oneof(fc.string(), fc.constantFrom('Ada', '"', '\n', ';', '\u202e', 'desk', '=1+1'))
  fc.assert(
    fc.property(fc.array(fc.array(cell, { maxLength: 5 }), { maxLength: 12 }), (rows) => {
      const text = `${HEAD}\n${rows.map((row) => row.join(',')).join('\n')}`
      const found = importPeople(Buffer.from(text), RULES)
      if (found.kind === 'unreadable') return
      for (const { givenName, familyName, reference } of found.people) {
        expect(givenName.length > 0 && givenName.length <= 80 && familyName.length > 0 && familyName.length <= 80).toBe(true)
        expect(reference.length > 0 && reference.length <= 40).toBe(true)
      }
      const references = found.people.map(({ reference }) => reference)
      expect(new Set(references).size).toBe(references.length)
    }),
  )
})
