/** A card and its reader, drawn. The card moves only where it is to be moved; without motion an arrow says the same. */

interface Props {
  readonly pose: 'insert' | 'inside' | 'wait' | 'remove' | 'pinpad' | 'blocked' | 'done' | 'failed'
}

/** The mosaic on the card's face: column, row, colour. */
const FACE = [
  [0, 0, 'sea'],
  [1, 0, 'lapis-light'],
  [2, 0, 'sun'],
  [0, 1, 'lapis-light'],
  [1, 1, 'clay'],
  [2, 1, 'sea'],
] as const

export function CardDrawing({ pose }: Props) {
  return (
    <svg className={`card-drawing card-drawing-${pose}`} viewBox="0 0 240 240" aria-hidden="true" focusable="false">
      <ellipse className="drawn-shadow" cx="120" cy="226" rx="92" ry="8" />
      <g className="drawn-card">
        <rect className="drawn-card-body" x="66" y="22" width="108" height="152" rx="11" />
        {FACE.map(([column, row, colour]) => (
          <rect
            key={`${column}${row}`}
            className={`tile-${colour}`}
            x={80 + column * 18}
            y={38 + row * 18}
            width="15"
            height="15"
            rx="2.5"
          />
        ))}
        <g className="drawn-chip">
          <rect x="102" y="128" width="36" height="30" rx="5" />
          <path d="M102 138h12v-10M102 148h12v10M138 138h-12v-10M138 148h-12v10M114 138v10M126 138v10" />
        </g>
      </g>
      <g className="drawn-reader">
        <path className="drawn-reader-lip" d="M40 164h160l10 14H30z" />
        <rect className="drawn-reader-body" x="30" y="172" width="180" height="52" rx="12" />
        <rect className="drawn-slot" x="58" y="165.500" width="124" height="4" rx="2" />
        <circle className="drawn-light" cx="120" cy="199" r="4.500" />
      </g>
      {pose === 'insert' && <path className="drawn-arrow" d="M206 78v46m-13-13 13 13 13-13" />}
      {pose === 'remove' && <path className="drawn-arrow" d="M206 148v-46m-13 13 13-13 13 13" />}
      {pose === 'pinpad' && (
        <g>
          {[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((key) => (
            <rect
              key={`key ${key}`}
              className={key === 9 ? 'drawn-pad-key-cancel' : key === 11 ? 'drawn-pad-key-ok' : 'drawn-pad-key'}
              x={146 + (key % 3) * 19}
              y={178 + Math.floor(key / 3) * 11}
              width="15"
              height="8"
              rx="2"
            />
          ))}
        </g>
      )}
      {pose === 'wait' && (
        <g className="drawn-badge">
          <circle className="drawn-wait" cx="182" cy="40" r="24" />
          <path className="drawn-wait-hands" d="M182 26v14l9 6" />
        </g>
      )}
      {pose === 'blocked' && (
        <g className="drawn-badge drawn-badge-bad">
          <circle cx="182" cy="40" r="24" />
          <path d="M171 29l22 22M193 29l-22 22" />
        </g>
      )}
      {(pose === 'done' || pose === 'remove') && (
        <g className="drawn-badge drawn-badge-good">
          <circle cx="182" cy="40" r="24" />
          <path d="M171 40.500l8 8 14-16" />
        </g>
      )}
      {pose === 'failed' && (
        <g className="drawn-badge drawn-badge-bad">
          <circle cx="182" cy="40" r="24" />
          <path d="M182 28v15M182 51.500v.5" />
        </g>
      )}
    </svg>
  )
}
