/**
 * Injection: input that tries to be code. Nothing in the gateway depends on this rule for safety (statements are
 * parameterised, topics are built from checked identifiers, the window escapes): it tells that somebody tries. The
 * patterns ask for the grammar of an attack, not for a character: O'Brien, "Smith; Jones" and "C++ Ltd." are names.
 */
import type { Policy } from '../policy.ts'
import type { Rule } from './rule.ts'

/** Classes after the OWASP Web Security Testing Guide, section 4.7 (Input Validation Testing). */
const CLASSES: readonly (readonly [string, RegExp])[] = [
  [
    'sql',
    /['"`)]\s*(?:or|and|\|\||&&)\s*(?:not\s+)?['"`(]?[\w]*['"`)]?\s*(?:=|<|>|like\b|is\b|in\b|between\b)|\bunion\b(?:\s|\/\*.*?\*\/)+(?:all(?:\s|\/\*.*?\*\/)+)?select\b|;\s*(?:drop|delete|insert|update|alter|create|truncate|attach|exec|shutdown|grant|copy|pragma|vacuum)\b|['"`)]\s*;|['"`)]\s*(?:--|#|\/\*)|\b(?:pg_sleep|sleep|benchmark|load_extension|randomblob|xp_cmdshell|extractvalue|updatexml)\s*\(|\bwaitfor\s+delay\b|\bselect\b.+\bfrom\b.+(?:\bwhere\b|--|;)|\(\s*select\s+[\w(*]/iu,
  ],
  ['template', /\{\{.*\}\}|\$\{.*\}|<%.*%>|#\{.*\}|\{%.*%\}|\$\{jndi:/su],
  [
    'markup',
    /<\s*\/?\s*(?:script|img|svg|iframe|object|embed|style|link|meta|base|body|form|input|video|audio|details|math)\b|\bon[a-z]{3,}\s*=|javascript\s*:|<!\[CDATA\[|<!(?:DOCTYPE|ENTITY)/iu,
  ],
  ['topic', /(?:^|\/)[+#](?:\/|$)|\$share\/|\$SYS\/|^tessera\/\d|\/(?:in|notice|presence)$/u],
  ['path', /(?:^|[\\/])\.\.(?:[\\/]|$)|%2e%2e|%2f|\/etc\/(?:passwd|shadow)|^[a-z]:\\/iu],
  ['command', /(?:[;&|]{1,2}|\$\(|`)\s*(?:cat|ls|rm|curl|wget|nc|bash|sh|cmd|powershell|ping|whoami|id|sleep|touch|chmod)\b/iu],
  ['directory', /\)\s*\(\s*[|&]|\(\s*[|&]\s*\(|\*\s*\)\s*\(/u],
  ['operator', /["']?\$(?:ne|gt|lt|gte|lte|where|regex|in|nin|exists|expr)["']?\s*:|__proto__|\bconstructor\s*[.[]/u],
  // Controls other than tab and line ends, and what reorders or hides text; the joiners of Indic and Persian names are not among them.
  ['control', /(?![\t\n\r])[\p{Cc}\p{Bidi_Control}\u200b\ufeff]|%00|\\x00|\\u0000/u],
  ['format', /%[0-9]*\$?[nsx](?:%[0-9]*\$?[nsx])+/u],
]

/** Longer texts are judged by their beginning: the schema refuses them anyway, and the time stays constant. */
const LOOKED_AT = 512

export function classifyText(value: string): string | undefined {
  const looked = value.slice(0, LOOKED_AT)
  return CLASSES.find(([, pattern]) => pattern.test(looked))?.[0]
}

export function injectionRule(policy: Policy['injection']): Rule {
  return {
    observe(event) {
      if (event.kind === 'schema') {
        return {
          suspicion: {
            kind: 'injection',
            layer: 'application',
            severity: 'medium',
            evidence: { class: 'schema', operation: event.operation },
          },
          response: policy.response,
        }
      }
      if (event.kind !== 'text') return undefined
      const found = classifyText(event.value)
      if (found === undefined) return undefined
      return {
        suspicion: {
          kind: 'injection',
          layer: 'application',
          severity: 'high',
          evidence: { class: found, operation: event.operation, field: event.field, length: event.value.length },
        },
        response: policy.response,
      }
    },
  }
}
