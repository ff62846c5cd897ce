"""How a post to the editor is carried out and answered: what is typed in the panel always comes
along, so that nothing is lost whichever button is pressed."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask import current_app, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from app import transaction
from app.domain import draft_changes as changes
from app.domain import drafts
from app.domain.draft_changes import Writing
from app.domain.drafts import Draft
from app.errors import Conflict, DraftIsStale, NotFound, RunsheetError
from app.extensions import htmx
from app.web import sentences
from app.web.access import visitor
from app.web.editor_differences import overtaken
from app.web.editor_panels import Open, Reading, read_form
from app.web.editor_views import Editor, allow, edit_url, first_open, view

Verb = Callable[[Writing, str], Writing]
Answer = Response


@dataclass(frozen=True, slots=True)
class Done:
    """A draft after a post, what is open now, and what was typed."""

    draft: Draft
    open: Open
    reading: Reading


def change(template_id: int, verb: Verb | None = None, key: str = "") -> Answer:
    """Save what is typed in the panel, do `verb` with the step `key`, and answer with all that has
    changed. Without a verb, and if the form does not say what is open, it is that step."""
    panel = Open.parse(request.form.get("panel", ""))
    if panel is None and verb is None:
        panel = Open.step(key)
    try:
        done = _change(template_id, panel, verb, key)
    except DraftIsStale:
        return _overtaken(template_id, panel)
    except RunsheetError as refused:
        return _refused(template_id, panel, refused)
    return _answered(done)


def _change(template_id: int, panel: Open | None, verb: Verb | None, key: str) -> Done:
    with transaction.writing() as session:
        draft = drafts.read(session, template_id, lock=True)
        revision = typed_revision("mine", "revision")
        if revision != draft.revision and not (verb is None and _is_ours(draft, panel, revision)):
            raise DraftIsStale(draftRevision=draft.revision, updatedBy=draft.updated_by)
        panel = _renamed(draft.writing, panel, key) if verb is None else panel
        reading = read_form(_with_panel(draft.writing, panel), request.form, panel)
        if panel == Open.step(key):
            key = reading.open.key  # it may just have been given another
        after = verb(reading.writing, key) if verb else reading.writing
        shown = _shown(reading, after)
        if not _same(after, draft.writing):
            draft = drafts.save(
                session,
                template_id,
                draft.revision,
                visitor().actor,
                after.document,
                after.unread,
                allow(),
                current_app.config["SETTINGS"].org_domains,
                after.removed,
            )
        return Done(draft, shown, reading)


def _is_ours(draft: Draft, panel: Open | None, revision: int) -> bool:
    """Whether this was saved already and its answer was lost: the same person, the next revision,
    and nothing else typed. Whoever tries again then is not overtaken by themselves."""
    if (draft.updated_by, draft.revision) != (visitor().actor.name, revision + 1):
        return False
    try:
        reading = read_form(draft.writing, request.form, panel)
    except NotFound:
        return False
    return _same(reading.writing, draft.writing)


def _same(one: Writing, other: Writing) -> bool:
    """As JSON: to Python 1 is true, and the order of fields is nothing."""
    texts = [json.dumps([each.document, {**each.unread}, each.removed]) for each in (one, other)]
    return texts[0] == texts[1]


def typed_revision(*names: str) -> int:
    """What the page was made of; or what somebody wants to replace with theirs (`mine`)."""
    text = next((each for name in names if (each := request.form.get(name, ""))), "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else -1


def _renamed(writing: Writing, panel: Open | None, key: str) -> Open | None:
    """A step that was given another key while more was typed into its old panel: the address
    of the post knows the new one."""
    keys = {changes.key_of(step) for step in changes.steps_of(writing.document)}
    old = panel is not None and panel.part == "step" and panel.key not in keys
    return Open.step(key) if old and key in keys else panel


def _with_panel(writing: Writing, panel: Open | None) -> Writing:
    """Who insists on what they wrote of a step that somebody removed meanwhile puts it back."""
    keys = [changes.key_of(gone["step"]) for gone in writing.removed]
    if "mine" not in request.form or panel is None or panel.key not in keys:
        return writing
    there = any(changes.key_of(step) == panel.key for step in changes.steps_of(writing.document))
    return writing if there else changes.put_back(writing, keys.index(panel.key))


def _shown(reading: Reading, after: Writing) -> Open:
    """A step that came is opened; beside one that went, its neighbour."""
    came = changes.added(reading.writing, after)
    if came is not None:
        return Open.step(came)
    keys = [changes.key_of(step) for step in changes.steps_of(after.document)]
    if reading.open.part != "step" or reading.open.key in keys:
        return reading.open
    at = changes.place_of(reading.writing, reading.open.key)
    return Open.step(keys[min(at, len(keys) - 1)]) if keys else Open("template")


def _answered(done: Done) -> Answer:
    fresh = done.open != done.reading.open
    editor = _view(done.draft, done.open, reading=done.reading, tab="" if fresh else _tab())
    if htmx.wants_partial:
        return _changed(editor, fresh=fresh)
    if done.reading.faults:
        flash("All but the key was saved.", "error")
        return page(editor, 422)
    flash("Saved.")
    return redirect(editor.url(done.open, editor.tab), 303)


def _view(draft: Draft, open_: Open, tab: str | None = None, **more: Any) -> Editor:
    tab = _tab() if tab is None else tab
    with transaction.reading() as session:
        return view(session, draft, open_, visitor(), tab=tab, **more)


def _tab() -> str:
    """The tab that the form or the URL names."""
    return request.values.get("tab", "")[:40]


def _changed(editor: Editor, status: int = 200, *, fresh: bool = False) -> Answer:
    """All regions, to be morphed in; the panel anew where it shows something else."""
    text = render_template("editor/changed.htmx.html", editor=editor, fresh=fresh)
    response = make_response(text, status)
    verb = "HX-Push-Url" if fresh else "HX-Replace-Url"
    response.headers[verb] = editor.url(editor.open, editor.tab)
    return response


def page(editor: Editor, status: int = 200) -> Answer:
    """The whole page."""
    return make_response(render_template("editor/edit.html", editor=editor), status)


def opened(template_id: int) -> Answer:
    """The page with what the URL names; to htmx, its regions."""
    with transaction.reading() as session:
        draft = drafts.read(session, template_id)
    key, part = request.args.get("step"), request.args.get("part", "")
    wanted = Open.step(key) if key is not None else Open.parse(part)
    if wanted is None and part:
        raise NotFound("A template has no such part.")
    editor = _view(draft, wanted or first_open(draft))
    return _changed(editor, fresh=True) if htmx.wants_partial else page(editor)


def _refused(template_id: int, panel: Open | None, refused: RunsheetError) -> Answer:
    """Nothing was saved; what was typed stays where it is, and the reason above it."""
    said = " ".join([sentences.refusal(refused), *(each.message for each in refused.errors)])
    if htmx.wants_partial:
        text = render_template("editor/refused.htmx.html", refusal=said)
        return make_response(text, refused.status)
    return _typed_page(template_id, panel, refused.status, refusal=said)


def _overtaken(template_id: int, panel: Open | None) -> Answer:
    """Both versions of what is open: theirs is saved, ours stays in the form."""
    with transaction.reading() as session:
        draft = drafts.read(session, template_id)
    over = overtaken(draft, request.form, panel)
    if not htmx.wants_partial:
        return _typed_page(template_id, panel, Conflict.status, overtaken=over)
    if not over.differences:
        flash(f"{over.by} saved meanwhile. This is how it is now: do that again.", "error")
        return _changed(_view(draft, panel or first_open(draft)), Conflict.status)
    page = {"overtaken": over, "url": edit_url(template_id, None if over.gone else panel)}
    return make_response(render_template("editor/overtaken.htmx.html", **page), Conflict.status)


def _typed_page(template_id: int, panel: Open | None, status: int, **more: Any) -> Answer:
    """The page with what was typed in its fields, though none of it is saved."""
    with transaction.reading() as session:
        draft = drafts.read(session, template_id)
    try:
        reading = read_form(draft.writing, request.form, panel)
    except NotFound:
        return page(_view(draft, first_open(draft), **more), status)
    typed = replace(
        draft,
        document=reading.writing.document,
        unread={**reading.writing.unread},
        revision=typed_revision("revision"),  # to save it again is to be asked again
    )
    return page(_view(typed, reading.open, reading=reading, **more), status)
