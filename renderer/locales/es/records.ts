/** The person’s record and the service that keeps it, in Spanish. */
export const records = {
  'record.title': 'Expediente',
  'record.entries': 'Anotaciones, la más reciente primero',
  'record.connecting': 'Abriendo el expediente',
  'record.again': 'Conectando de nuevo con el expediente',
  'record.empty': 'Aún no hay nada escrito.',
  'record.private': 'Cifrado desde este puesto hasta el servicio de expedientes',
  'record.note': 'Añadir una nota',
  'record.note-save': 'Guardar la nota',
  'record.note-sending': 'Guardando la nota',
  'record.note-added': 'La nota está en el expediente',
  'record.note-not-allowed': 'Para las notas hace falta otra función. Puede leer el expediente.',

  'problem.service-silent.title': 'El servicio de expedientes no responde',
  'problem.service-silent.remedy': 'La sesión de la persona sigue abierta. Tessera lo intenta de nuevo por sí solo.',
  'problem.service-untrusted.title': 'El servicio de expedientes no pudo demostrar quién es',
  'problem.service-untrusted.remedy': 'No se le envió nada. Si sigue así, avise a su administrador.',
  'problem.service-refused.title': 'El servicio de expedientes lo ha rechazado',
  'problem.service-refused.remedy': 'Pregunte a quien lleva el servicio qué permite el expediente de esta persona.',
  'problem.service-failed.title': 'El servicio de expedientes no pudo hacerlo',
  'problem.service-failed.remedy':
    'Inténtelo de nuevo en un momento. Si sigue así, avise a quien lleva el servicio de expedientes.',
  'problem.service-ended.title': 'El servicio de expedientes ha cerrado el expediente',
  'problem.service-ended.remedy': 'Retire la tarjeta e inicie de nuevo la sesión de la persona.',
  'problem.note-unconfirmed.title': 'No es seguro que la nota se haya guardado',
  'problem.note-unconfirmed.remedy': 'Búsquela en el expediente antes de guardarla otra vez.',
} as const
