from django.urls import path

from localex.web import views

app_name = "web"
urlpatterns = [
    path("", views.front, name="front"),
    path("design/", views.design, name="design"),
    path("livez", views.livez, name="livez"),
    path("readyz", views.readyz, name="readyz"),
]
