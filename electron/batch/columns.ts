/** Which column of a file is what, by the words of its header line: English names and those of the window's other languages. */
import { ROLES, type Role } from '../../protocol/messages/operations.ts'
import { BATCH_FIELDS, type BatchField } from '../contract/batch.ts'
import { LANGUAGES, type Language } from '../contract/languages.ts'

const HEADERS: Readonly<Record<BatchField, readonly string[]>> = {
  givenName: ['given name', 'first name', 'vorname', 'prénom', 'nombre', 'नाम', 'पहला नाम', 'الاسم الأول', 'الاسم'],
  familyName: [
    ...['family name', 'last name', 'surname', 'nachname', 'familienname', 'nom', 'nom de famille', 'apellido', 'apellidos'],
    ...['उपनाम', 'कुलनाम', 'اسم العائلة', 'اللقب'],
  ],
  reference: [
    ...['reference', 'number', 'customer number', 'patient number', 'staff number', 'customer, patient or staff number'],
    ...['nummer', 'kundennummer', 'patientennummer', 'personalnummer', 'referenz', 'kunden-, patienten- oder personalnummer'],
    ...['référence', 'numéro', 'numéro de client', 'numéro de client, de patient ou de personnel'],
    ...['referencia', 'número', 'número de cliente', 'número de cliente, de paciente o de personal'],
    ...['संदर्भ', 'संख्या', 'नंबर', 'ग्राहक, रोगी या कर्मचारी नंबर'],
    ...['المرجع', 'الرقم', 'رقم العميل أو المريض أو الموظف'],
  ],
  role: [
    ...['role', 'role at this desk', 'rolle', 'rolle an diesem platz', 'rôle', 'rôle à ce poste', 'rol', 'función'],
    ...['función en este puesto', 'भूमिका', 'इस डेस्क पर भूमिका', 'الدور', 'الدور على هذا المكتب'],
  ],
  language: ['language', 'sprache', 'langue', 'idioma', 'भाषा', 'اللغة'],
}

const ROLE_NAMES: Readonly<Record<Role, readonly string[]>> = {
  desk: ['desk', 'schalter', 'accueil', 'atención', 'डेस्क', 'موظف المكتب'],
  registrar: ['registrar', 'registrierung', 'enregistrement', 'registro', 'रजिस्ट्रार', 'موظف التسجيل'],
  supervisor: ['supervisor', 'aufsicht', 'supervision', 'supervisión', 'सुपरवाइज़र', 'مشرف'],
}

/** Small letters, composed (Unicode NFC), and every run of spaces, hyphens and underlines as one space: 'Given_Name' is 'given name'. */
function plain(text: string): string {
  return text
    .normalize('NFC')
    .replace(/[\s_\-\u00a0]+/g, ' ')
    .trim()
    .toLowerCase()
}

const FIELD_OF = new Map(BATCH_FIELDS.flatMap((field) => HEADERS[field].map((header) => [plain(header), field] as const)))
const ROLE_OF = new Map(ROLES.flatMap((role) => ROLE_NAMES[role].map((name) => [plain(name), role] as const)))

export const fieldOf = (header: string): BatchField | undefined => FIELD_OF.get(plain(header))
export const roleOf = (cell: string): Role | undefined => ROLE_OF.get(plain(cell))

/** 'de', or 'de-AT', which speaks German. */
export function languageOfCell(cell: string): Language | undefined {
  const primary = plain(cell).split(' ')[0]
  return LANGUAGES.find((language) => language === primary)
}
