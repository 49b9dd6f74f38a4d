from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """Renders `{{ form }}` and `{{ field.as_field_group }}` with our components; `django.forms` must be an app."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
