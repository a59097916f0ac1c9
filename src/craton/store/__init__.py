"""The store: catalogue, immutable objects and who may see what.

May import `model`, the standard library and msgspec; obstore and psycopg only
inside the backend that needs them. Labelled data, numpy and pandas must never
come in: this room moves files, so that listing a catalogue starts at once.
"""
