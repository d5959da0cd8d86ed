"""Byteful (formerly Ping Proxies): client → answers and shapes → adapter, and its tables of networks and places."""
