"""What authors edit and publish."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.columns import Json, Key, Line, LongText, Moment, PrimaryKey, Word


class WorkflowTemplate(Base):
    """A template and its draft; publishing freezes it into a version and its step rows.

    The draft is a document that passed the checks. While what authors are writing does not, it
    stands in `editing` beside it."""

    __tablename__ = "workflow_templates"

    id: Mapped[PrimaryKey]
    key: Mapped[Key] = mapped_column(unique=True)
    name: Mapped[Line]
    description: Mapped[LongText] = mapped_column(default="")
    draft: Mapped[Json]
    draft_revision: Mapped[int] = mapped_column(default=1)
    editing: Mapped[Json | None]  # {document, unread: text by dotted path}
    removed_steps: Mapped[Json | None]  # the last few, to be put back
    newest_version: Mapped[int | None]
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]
    updated_by: Mapped[Line]
    archived_at: Mapped[Moment | None]


class WorkflowTemplateVersion(Base):
    """What instances run on. Never changes."""

    __tablename__ = "workflow_template_versions"
    __table_args__ = (UniqueConstraint("template_id", "number"),)

    id: Mapped[PrimaryKey]
    template_id: Mapped[int] = mapped_column(
        ForeignKey("workflow_templates.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    name: Mapped[Line]
    description: Mapped[LongText] = mapped_column(default="")
    input_schema: Mapped[Json]
    # Of the instance as a whole.
    notification_policies: Mapped[Json | None]
    due_in: Mapped[Word | None]
    due_at: Mapped[Line | None]  # a time or a placeholder
    note: Mapped[Line] = mapped_column(default="")
    published_at: Mapped[Moment]
    published_by: Mapped[Line]

    template: Mapped[WorkflowTemplate] = relationship()
    steps: Mapped[list["WorkflowTemplateStep"]] = relationship(
        order_by="WorkflowTemplateStep.position"
    )


class WorkflowTemplateStep(Base):
    """A step of a published version."""

    __tablename__ = "workflow_template_steps"
    __table_args__ = (UniqueConstraint("version_id", "key"),)

    id: Mapped[PrimaryKey]
    version_id: Mapped[int] = mapped_column(
        ForeignKey("workflow_template_versions.id", ondelete="CASCADE")
    )
    position: Mapped[int]
    key: Mapped[Key]
    name: Mapped[Line]
    description: Mapped[LongText] = mapped_column(default="")
    action_type: Mapped[Word]
    action_config: Mapped[Json]
    depends_on: Mapped[Json]
    when: Mapped[Json | None]
    notification_policies: Mapped[Json]
    assignee: Mapped[Line | None]
    due_in: Mapped[Word | None]
    due_at: Mapped[Line | None]  # a time or a placeholder
