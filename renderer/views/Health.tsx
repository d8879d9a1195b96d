import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { ProblemNote } from '../components/ProblemNote.tsx'

/** What stands in the way before anything is tried: readers that cannot be used, a gateway out of reach. */
export function Health({ snapshot }: { readonly snapshot: Snapshot }) {
  const { gateway, readers } = snapshot
  return (
    <>
      {readers.problem && <ProblemNote problem={readers.problem} />}
      {gateway.kind === 'offline' && <ProblemNote problem={gateway.problem} tone="caution" />}
    </>
  )
}
