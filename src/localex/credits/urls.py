"""Addresses of the credits context."""

from django.urls import path

from localex.credits import proof_web, seal_web, web

app_name = "credits"
urlpatterns = [
    path("credits/", web.statement, name="statement"),
    path("credits/statement.csv", web.download, name="download"),
    path("credits/print/", web.print_statement, name="print"),
    path("credits/proof/<uuid:journal_id>.json", proof_web.proof, name="proof"),
    path("credits/community/", web.community, name="community"),
    path("credits/seals/<int:seal_no>.json", seal_web.seal, name="seal"),
    path("help/verify_entry.py", seal_web.script, name="script"),
    path("help/credits/", web.guide, name="guide"),
]
