"""A form field becomes label, help, error and control, tied together for those who cannot see them."""

import re

from django import forms
from django.template import Context, Template

from localex.web.fields import list_problems


class TradeForm(forms.Form):
    title = forms.CharField(max_length=20, help_text="What it is.", widget=forms.TextInput({"placeholder": "Title"}))
    brand = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=[("sale", "For credits"), ("gift", "Gift")], widget=forms.RadioSelect)
    adult = forms.BooleanField()
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


def render(source: str, **values: object) -> str:
    return Template("{% load ui %}" + source).render(Context(values))


def test_label_help_and_error_belong_to_the_control() -> None:
    html = render("{% field form.title count=True %}", form=TradeForm({"title": "x" * 30}))
    described = re.search(r'<input[^>]*aria-describedby="([^"]+)"', html)
    assert described is not None
    for name in described[1].split():
        assert f'id="{name}"' in html
    assert '<label class="field-label" for="id_title">' in html
    assert 'aria-invalid="true"' in html
    assert 'data-most="20"' in html


def test_a_placeholder_never_stands_in_for_a_label() -> None:
    assert "placeholder" not in render("{% field form.title %}", form=TradeForm())
    assert 'placeholder="for example a lamp"' in render(
        '{% field form.title placeholder="for example a lamp" %}', form=TradeForm()
    )


def test_only_what_may_stay_empty_says_so() -> None:
    assert "optional" in render("{% field form.brand %}", form=TradeForm())
    assert "optional" not in render("{% field form.title %}", form=TradeForm())


def test_choices_are_a_group_with_its_question() -> None:
    html = render("{% field form.kind %}", form=TradeForm())
    assert "<fieldset" in html
    assert "<legend" in html
    assert html.count('type="radio"') == 2


def test_hidden_fields_have_no_label() -> None:
    html = render("{% field form.secret %}", form=TradeForm()).strip()
    assert html.startswith("<input")
    assert "label" not in html


def test_the_summary_links_to_every_mistake() -> None:
    form = TradeForm({"title": "", "kind": "wrong"})
    html = render("{% error_summary form %}", form=form)
    assert 'role="alert"' in html
    assert "Everything that you typed is still here." in html
    assert '<a href="#id_title">Title: ' in html
    assert '<a href="#id_kind_0">Kind: ' in html
    assert len(list_problems(form)) == 3


def test_a_good_or_fresh_form_has_no_summary() -> None:
    assert render("{% error_summary form %}", form=TradeForm()).strip() == ""


def test_forms_render_themselves_with_our_components(db: None) -> None:
    html = str(TradeForm({"title": ""}))
    assert "error-summary" in html
    assert html.count('class="field') >= 4
