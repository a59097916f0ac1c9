"""The nouns: Record, labelled data, units, reference systems, vocabularies, findings, errors.

May import nothing of Craton. Never: files of a format, storage, network, state.
"""
