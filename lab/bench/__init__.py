"""How fast the lab is: side by side with the libraries that are installed, in rounds that take turns, on one core.

`nets` says what is trained, `contestants` who trains it (one process each), `race` lets them take turns, `sessions`
measures whole runs of the lab, `starts` whole processes, `report` puts it into words.
"""
