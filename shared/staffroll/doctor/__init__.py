"""`staffroll doctor`: what is wrong with a suite, in plain words, and what to do about it.

Looks and changes nothing, but for what every process does at its start: it declares the queues.
"""
