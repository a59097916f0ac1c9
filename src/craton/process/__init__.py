"""The verb: how readers and processes are declared, registered and found.

May import `model`. Never: storage, jobs, web, or any one format or science.
"""
