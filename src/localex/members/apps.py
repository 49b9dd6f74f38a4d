"""The members app."""

from datetime import timedelta

from django.apps import AppConfig

# A proof reads many rows; a statement's page has thirty lines.
PROOFS_PER_HOUR = 30


class MembersConfig(AppConfig):
    name = "localex.members"
    label = "members"
    verbose_name = "Members"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from localex.credits import naming as ledger_naming
        from localex.credits import proof_web
        from localex.jobs import schedules
        from localex.members import limits, naming
        from localex.members.tasks import forget_old_attempts

        ledger_naming.register(naming)
        schedules.register("members.forget_old_attempts", forget_old_attempts, every=timedelta(hours=1))
        proof_web.register_limit(
            lambda member: limits.spend("proof", member, PROOFS_PER_HOUR, timedelta(hours=1), doing="proofs")
        )
