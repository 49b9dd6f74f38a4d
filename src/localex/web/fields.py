"""How a Django form field becomes label, help, control and error."""

from typing import Any

from django.forms import BaseForm, BoundField, widgets

KINDS: list[tuple[type[widgets.Widget], str]] = [
    (widgets.CheckboxSelectMultiple, "checks"),
    (widgets.RadioSelect, "radios"),
    (widgets.CheckboxInput, "check"),
    (widgets.PasswordInput, "password"),
    (widgets.Select, "select"),
    (widgets.Textarea, "textarea"),
    (widgets.FileInput, "file"),
]


def find_kind(bound: BoundField) -> str:
    """Return which of the shapes in components/field.html draws this field."""
    widget = bound.field.widget
    if widget.is_hidden:
        return "hidden"
    return next((kind for cls, kind in KINDS if isinstance(widget, cls)), "input")


def describe_field(bound: BoundField, **options: Any) -> dict[str, Any]:
    """Return what components/field.html needs.

    Options: label and help replace the form's words; prefix and suffix stand inside the control; width is "s", "m"
    or "full"; rows sizes a text area; count shows how many characters are left; big makes the control large;
    placeholder is an example, never the label.
    """
    kind = find_kind(bound)
    help_text = options.get("help", bound.help_text)
    described = [f"{bound.auto_id}_help"] if help_text else []
    described += [f"{bound.auto_id}_error"] if bound.errors else []
    described += [f"{bound.auto_id}_count"] if options.get("count") else []
    # A placeholder is not a label: libraries set some, and only one that a template asks for is kept.
    attrs: dict[str, Any] = {
        "class": _control_class(kind, bound, options),
        "placeholder": options.get("placeholder", False),
    }
    if described and kind not in ("radios", "checks"):
        attrs["aria-describedby"] = " ".join(described)
    if "rows" in options:
        attrs["rows"] = options["rows"]
    return {
        "field": bound,
        "kind": kind,
        "label": options.get("label", bound.label),
        "help": help_text,
        "described": " ".join(described),
        "control": _control(bound, kind, attrs),
        "is_optional": not bound.field.required and kind not in ("check", "hidden"),
        "maxlength": getattr(bound.field, "max_length", None) if options.get("count") else None,
        "prefix": options.get("prefix", ""),
        "suffix": options.get("suffix", ""),
        "width": options.get("width", "full"),
    }


def _control_class(kind: str, bound: BoundField, options: dict[str, Any]) -> str:
    own = bound.field.widget.attrs.get("class", "")
    base = {"check": "check", "radios": "check", "checks": "check", "file": "control control-file"}.get(kind, "control")
    return " ".join(part for part in (base, "control-big" if options.get("big") else "", own) if part)


def _control(bound: BoundField, kind: str, attrs: dict[str, Any]) -> Any:
    return list(bound.subwidgets) if kind in ("radios", "checks") else bound.as_widget(attrs=attrs)


def list_problems(form: BaseForm) -> list[dict[str, str]]:
    """Return every error of a form as `{"message", "target"}`; the target is the id of the field to go to, or "".

    Django's own sentences name no field ("This field is required."), so the label goes before them.
    """
    if not form.is_bound:
        return []
    problems = [{"message": str(message), "target": ""} for message in form.non_field_errors()]
    found = form.errors.as_data()
    for bound in form:
        target = bound.id_for_label or bound.auto_id
        if find_kind(bound) in ("radios", "checks"):
            target = f"{bound.auto_id}_0"
        general = _general_messages(bound)
        for error in found.get(bound.name, []):
            prefix = f"{bound.label}: " if error.message in general else ""
            problems += [{"message": prefix + message, "target": str(target)} for message in error.messages]
    return problems


def loses_secret(form: BaseForm) -> bool:
    """Whether something that was typed is not sent back to the page: passwords never are."""
    return any(getattr(bound.field.widget, "input_type", "") == "password" for bound in form)


def _general_messages(bound: BoundField) -> set[Any]:
    """What Django says about any field of this kind; a form that chose its own words is not among them."""
    classes = type(bound.field).__mro__
    said = {words for cls in classes for words in getattr(cls, "default_error_messages", {}).values()}
    return said | {getattr(check, "message", None) for check in bound.field.validators}
