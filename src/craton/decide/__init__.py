"""Indicators, evaluation models, allocation, scenarios and their uncertainty.

May import `kernels`, `model`, `process`. Never: files, storage, jobs, web.
"""
