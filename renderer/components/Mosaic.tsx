/** Tessera's mark: a small mosaic whose last tile is just being set. Drawn for this project. */
const TILES = [
  [0, 0, 'lapis'],
  [1, 0, 'lapis'],
  [2, 0, 'sea'],
  [0, 1, 'sea'],
  [1, 1, 'clay'],
  [2, 1, 'lapis'],
  [0, 2, 'lapis'],
  [1, 2, 'sea'],
] as const

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      {TILES.map(([column, row, colour]) => (
        <rect
          key={`${column}${row}`}
          className={`tile-${colour}`}
          x={1 + column * 10}
          y={1 + row * 10}
          width="8.6"
          height="8.6"
          rx="1.6"
        />
      ))}
      <rect className="tile-sun" x="22.2" y="22.2" width="8.6" height="8.6" rx="1.6" transform="rotate(14 26.5 26.5)" />
    </svg>
  )
}
