"""Adapters to Azure: the only files, besides the doors, that import `azure.*`. Each fills one port."""
