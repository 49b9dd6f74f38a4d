from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """Renders `{{ form }}` and `{{ field.as_field_group }}` with our components. Needs `django.forms` installed as an app."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
