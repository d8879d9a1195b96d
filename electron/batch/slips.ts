/** What stands on the slips of these people. */
import type { Slip } from '../contract/batch.ts'
import { chooseLocale } from '../contract/languages.ts'
import { groupsOfFour } from '../terminal/card-number.ts'
import type { unprinted } from './batch.ts'

/** `locale` (BCP 47) is of slips whose holder's language nobody knows; its region holds for all. */
export function slipsOf(
  members: ReturnType<typeof unprinted>,
  { site, locale }: { readonly site: string; readonly locale: string },
): readonly Slip[] {
  return members.map(({ person: { givenName, familyName, language }, pin, state: { guid, at } }) => ({
    givenName,
    familyName,
    cardNumber: groupsOfFour(guid),
    site,
    at,
    pin,
    locale: language === undefined ? locale : chooseLocale(language, [locale]),
  }))
}
