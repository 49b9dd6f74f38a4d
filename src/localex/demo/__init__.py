"""The demo town: Krems an der Donau with sixty neighbours, made through the services like any other town."""
