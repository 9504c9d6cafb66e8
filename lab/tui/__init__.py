"""The lab as a program for the terminal: read a lesson, guess, watch it run, compare what was run.

No training happens here: screens show the events of a `lab.session.Session` and call its methods. The way in is
`lab.tui.opening.open_lab`; nothing here is imported by the commands that only print.
"""
