import type { BatchAction } from '../../../electron/contract/batch.ts'
import { useTerminal } from '../../components/context.ts'

/** Asks something of the batch. */
export function useBatch(): (action: BatchAction) => void {
  const send = useTerminal((state) => state.send)
  return (action) => void send({ kind: 'batch', action })
}
