"""The client for Google's video models. Knows nothing of Django, settings or the database.

Re-exports nothing on purpose: who imports a back end must name it, so that the import contracts see it.
"""
