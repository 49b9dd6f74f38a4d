"""The names are Django's (django.conf.locale). Times have 24 hours, as on all other pages."""

TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
