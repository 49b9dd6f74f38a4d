"""Starts and supervises PostgreSQL, Redis, the web server and the worker from one data directory.

Nothing here imports Django: the supervisor stays small, and a broken application cannot stop the database from being
stopped properly. `cluster` and `redis_server` are also what the test suite and the benchmarks start their servers with.
"""
