"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with the parameters that OWASP's password storage sheet gives for m = 19 MiB.

    Django's default takes 100 MiB and eight threads for each sign-in: a handful at once would outgrow the 600 MB that
    all of LocalEx may use, and be slow on two cores. Hashes with other parameters are renewed at the next sign-in.
    """

    time_cost = 2
    memory_cost = 19_456  # KiB
    parallelism = 1
