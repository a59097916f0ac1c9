"""Neighbours: harvest, search across, compute at the data, receipts.

May import `model`, `store`, `jobs`. Never: processes, formats, pages.
"""
