/** Icons that show a way on, back or out are drawn for languages that run from left to right; for others they are turned. */
import { ArrowLeft, ArrowRight, LogOut, type LucideIcon } from 'lucide-react'

const ONWARD: ReadonlySet<LucideIcon> = new Set([ArrowLeft, ArrowRight, LogOut])

/** The class names of an icon: its own, and the one that turns it where it has to (design/languages.css). */
export const iconClass = (own: string, icon: LucideIcon): string => (ONWARD.has(icon) ? `${own} points-onward` : own)
