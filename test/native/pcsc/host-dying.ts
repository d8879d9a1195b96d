/** A host that does not survive its start, as with a broken driver or a missing module. */

process.exit(1)
