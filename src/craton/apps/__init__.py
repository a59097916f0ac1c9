"""One folder an application: identity, needs, steps, words; apps do not know each other.

May import `model`, `process`, `methods`, `decide`. Never: files, storage, jobs, web.
"""
