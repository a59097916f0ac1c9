"""Open inputs, call a reader or process in a limited child, put the result.

May import `model`, `process`, `store`. Never: one format, one method, web.
"""
