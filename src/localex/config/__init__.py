"""The composition root: the only reader of the environment, and where the parts are put together."""
