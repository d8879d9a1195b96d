import type { Role } from '../store/terminal-store.ts'

/** From the least to the most; each includes the ones before it (protocol/messages/operations.ts). */
export const ROLES = ['desk', 'registrar', 'supervisor'] as const satisfies readonly Role[]

/** The roles that a role includes, its own the last. */
export const rolesUpTo = (held: Role): readonly Role[] => ROLES.slice(0, ROLES.indexOf(held) + 1)

export const includesRole = (held: Role, needed: Role): boolean => rolesUpTo(held).includes(needed)
