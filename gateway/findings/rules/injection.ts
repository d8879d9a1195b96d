/**
 * Injection: input that tries to be code. Nothing in the gateway depends on this rule for safety (statements are
 * parameterised, topics are built from checked identifiers, the window escapes): it tells that somebody tries. The
 * patterns ask for the grammar of an attack, not for a character or a word: O'Brien, "Smith; Jones", "Dog & Cat Clinic" and
 * "C++ Ltd." are names. docs/detection.md has the classes' rates.
 */
import type { Policy } from '../policy.ts'
import type { Rule } from './rule.ts'

/** What makes a word behind a separator a command: an option, a path, a variable, a host, a number. */
const ARGUMENT = String.raw`\s+(?:-|/|\.|~|\$|\d|https?:|[\w-]+\.\w)`
const COMMANDS =
  'cat|ls|rm|cp|mv|id|ps|nc|sh|curl|wget|bash|zsh|cmd|dir|ping|whoami|uname|sleep|touch|chmod|chown|kill|env|echo|' +
  String.raw`powershell|python\d*|perl|ruby|php|node|nslookup|telnet|ssh|sudo`

/** Classes after the OWASP Web Security Testing Guide 4.2, section 4.7 (Input Validation Testing). */
const CLASSES: Readonly<Record<string, readonly RegExp[]>> = {
  sql: [
    // A text or bracket is closed and a condition goes on: ' OR 1=1, ') or ('a'='a, ' AND x LIKE '
    /['"`)]\s*(?:or|and|\|\||&&)\s*(?:not\s+)?['"`(]{0,2}\s*[\w.]*['"`)]{0,2}\s*(?:=|<|>|!=)/iu,
    /['"`]\s*(?:or|and)\s+(?:not\s+)?['"`(]?[\w.]+['"`)]?\s+(?:like|rlike|is|in|between)\b/iu,
    /['"`)]\s*(?:or|and)\s+(?:not\s+)?exists\s*\(/iu,
    // ... or the statement goes on
    /['"`)]\s*(?:(?:order|group)\s+by|having|limit|union|procedure)\s+[\w('"]/iu,
    /\bunion\s+(?:all\s+|distinct\s+)?select\s+(?:\*|null\b|\d|@@|['"(]|\w+\s*,|.*\bfrom\b)/iu,
    /['"`]\s*\|\|/u,
    // ... or ends, and the rest is a comment or another statement
    /['"`](?:\s*--|\s*\/\*|#|\s*#\s*$|\s*;)|\)\s*(?:--|\/\*)\s*$/u,
    /;\s*(?:(?:drop|alter|create|truncate)\s+(?:table|database|schema|view|index|user|role|trigger|function)|delete\s+from|insert\s+into)\b/iu,
    /;\s*(?:update\s+\w+\s+set|attach\s+database|copy\s+\w+\s+(?:from|to)|(?:grant|revoke)\s+\w+\s+(?:on|to)|pragma\s+\w+\s*[=(]|exec(?:ute)?\s+\w+|declare\s+@)/iu,
    // Selections within, and functions that nobody is named after.
    /\(\s*select\b.*\bfrom\b|\(\s*select\s+(?:\*|@@|null\b|\d|count\s*\()/iu,
    /\bselect\s+[\w*,.\s()]+\sfrom\s+\w+\s*(?:where\b|--|;|limit\b)/iu,
    /\b(?:sleep|benchmark|randomblob)\s*\(\s*\d|\b(?:pg_sleep|load_extension|xp_cmdshell|extractvalue|updatexml|load_file)\b|\bwaitfor\s+delay\b/iu,
  ],
  template: [/\{\{.*\}\}|\$\{.*\}|<%.*%>|#\{.*\}|\{%.*%\}|\$\{jndi:/su],
  markup: [
    /<\s*\/?\s*(?:script|img|svg|iframe|object|embed|style|link|meta|base|body|form|input|video|audio|details|math|a\s+href)\b/iu,
    /\bon[a-z]{3,}\s*=|javascript\s*:|<!\[CDATA\[|<!(?:DOCTYPE|ENTITY)/iu,
  ],
  topic: [/(?:^|\/)[+#](?:\/|$)|^\$share\/|^\$SYS\/|^tessera\/\d|\/[0-9a-f]{16,32}\/(?:in|notice|presence)$/u],
  path: [
    /(?:^|[\\/])\.\.(?:[\\/]|$)|\.{2,}[\\/]{2}/u,
    /%(?:25)?(?:2e%(?:25)?2e|2f|5c)/iu,
    /\/etc\/(?:passwd|shadow|hosts)|\/proc\/(?:self|\d+)\/|^[a-z]:\\|^\\\\[\w.]+\\|\bfile:\/\//iu,
  ],
  command: [
    new RegExp(String.raw`(?:\$\(|${'`'}|&&|\|\|)\s*(?:${COMMANDS})\b`, 'iu'),
    new RegExp(String.raw`[;|]\s*(?:${COMMANDS})(?:${ARGUMENT}|\s*(?:[|;<>]|&&|$))`, 'iu'),
    new RegExp(String.raw`&\s*(?:${COMMANDS})${ARGUMENT}`, 'iu'),
  ],
  directory: [/\)\s*\(\s*[|&]|\(\s*[|&]\s*\(|\*\s*\)\s*\(|\)\s*\(\s*\w+\s*=\s*\*|\)\s*\(&\)/u],
  operator: [
    /["']?\$(?:ne|gt|lt|gte|lte|where|regex|in|nin|exists|expr|or|and)["']?\s*:|\[\$\w+\]/u,
    /__proto__|\bconstructor\s*[.[]/u,
  ],
  // Controls other than tab and line ends, and what reorders or hides text; the joiners of Indic and Persian names are not among them.
  control: [/(?![\t\n\r])[\p{Cc}\p{Bidi_Control}\u200b\u2060-\u2064\ufeff]|%00|\\x00|\\u0000/u],
  format: [/(?:%(?:\d+\$)?[-+0#.\d]*[nsxpd][.,:|_-]?){2}/u],
}

/** Longer texts are judged by their beginning: the schema refuses them anyway, and the time stays constant. */
const LOOKED_AT = 512

export function classifyText(value: string): string | undefined {
  const looked = value.slice(0, LOOKED_AT)
  // To a database a comment is a space, and many spaces are one.
  const spaced = looked.replaceAll(/\/\*.*?\*\//gsu, ' ').replaceAll(/\s+/gu, ' ')
  for (const [name, patterns] of Object.entries(CLASSES)) {
    const text = name === 'sql' ? spaced : looked
    for (const pattern of patterns) if (pattern.test(text)) return name
  }
  return undefined
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
