"""Formulas on arrays: numpy, scipy and numba in, arrays out.

May import nothing of Craton. Never: labelled data, files, units, state.
"""
