"""The ledger: where every credit of every community is, kept honest by the database itself."""
