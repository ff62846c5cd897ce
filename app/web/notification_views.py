"""The pages of notification templates that several views answer with."""

from collections.abc import Mapping
from typing import Any

from flask import Response, render_template
from flask_wtf import FlaskForm

from app.domain.accounts import PERSONAL
from app.domain.notification_context import known_paths
from app.domain.notification_previews import Preview
from app.models.vocabulary import Channel
from app.schemas.notification_template import NotificationTemplateOut
from app.web import notification_forms as forms
from app.web import notification_previews as previews
from app.web.mail_frames import framed


def editor(
    form: FlaskForm,
    template: NotificationTemplateOut | None,
    shown: Mapping[str, Preview],
    faults: list[str] | None = None,
    theirs: Mapping[str, str] | None = None,
) -> str:
    """The form with a preview beside each channel. `template`: None for one that is new; `faults`:
    of no field; `theirs`: what somebody else saved meanwhile, by field."""
    return render_template(
        "notification_templates/edit.html",
        form=form,
        template=template,
        previews=shown,
        faults=faults or [],
        theirs=theirs,
        channels=[*Channel],
        fields_of=forms.fields_of,
        name_of=forms.name_of,
        personal=PERSONAL,
        names=known_paths(),
    )


def theirs(form: FlaskForm, template: NotificationTemplateOut) -> dict[str, str]:
    """What stands there now, by field, where it is not what was typed."""
    now = forms.filled(template)
    names = ["name", "description"]
    names += [
        forms.name_of(channel, each) for channel in Channel for each in forms.fields_of(channel)
    ]
    found: dict[str, str] = {name: now.get(name, "") for name in names}
    return {name: text for name, text in found.items() if text != _plain(form[name].data)}


def _plain(text: Any) -> str:
    return (text or "").replace("\r\n", "\n")


def mail_page(preview: Preview) -> Response:
    """A mail for the frame in which it is shown."""
    return framed(previews.mail_html(preview))
