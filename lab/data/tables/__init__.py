"""Tables of other programs: found out what they are, read, and understood column by column.

`unpacking` and `texts` find out what a file is, `dialects` how its text is written, `delimited`, `arff`, `records` and
`frames` read it into a `RawTable`; `columns` understands what each column holds, `encoding` makes numbers of it, and
`understanding` tells all of it to people.
"""
