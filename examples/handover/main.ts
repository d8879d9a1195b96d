/**
 * A program on the terminal's own computer that takes over the login: it asks for a token, checks it, and prints whom it may serve
 * (docs/integrate.md, section 7).
 *
 *   HANDOVER_SECRET=... node examples/handover/main.ts --desk FOLDER --keys FILE --audience app:ledger
 *
 * FOLDER is the terminal's, FILE what `npm run gateway -- handover-keys` has printed.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLocalJWKSet, jwtVerify } from 'jose'

const { values } = parseArgs({
  options: { desk: { type: 'string' }, keys: { type: 'string' }, audience: { type: 'string' } },
})
const { desk = '', keys: keysFile = '', audience = '' } = values
const { url } = JSON.parse(readFileSync(join(desk, 'handover.json'), 'utf8'))
const { issuer, keys } = JSON.parse(readFileSync(keysFile, 'utf8'))

// New for each login, and remembered until its answer is here: a token that names another was made for somebody else.
const nonce = randomBytes(16).toString('base64url')
const answer = await fetch(`${url}/login-token`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${process.env.HANDOVER_SECRET}` },
  body: JSON.stringify({ audience, nonce }),
})
const { token = '', error } = (await answer.json()) as { readonly token?: string; readonly error?: string }
if (error !== undefined) {
  process.stdout.write(`${JSON.stringify({ error })}\n`)
  process.exit(1)
}

// Signature, issuer, audience, type and time are the library's to check; the nonce and what amr must hold are ours.
const { payload } = await jwtVerify(token, createLocalJWKSet({ keys }), {
  issuer,
  audience,
  algorithms: ['ES256'],
  typ: 'tessera-login+jwt',
  requiredClaims: ['sub', 'nonce', 'jti', 'exp', 'auth_time', 'amr'],
})
if (payload.nonce !== nonce) throw new Error('this token answers another request')
process.stdout.write(`${JSON.stringify(payload)}\n`)
