"""Byteful (formerly Ping Proxies): client → wire → adapter, and its tables of networks and places."""
