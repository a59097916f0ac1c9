"""OGC APIs, STAC and the portal host; reads the store, submits jobs.

May import `model`, `process`, `store`, `jobs`, `federate`. Never: methods, formats, computation.
"""
