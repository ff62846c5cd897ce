"""secrets callbacks notifications

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-22 22:31:57.745833

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "notification_templates",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("draft", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("draft_revision", sa.Integer(), nullable=False),
        sa.Column("newest_version", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=500), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "notification_template_versions",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "template_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["template_id"], ["notification_templates.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("template_id", "number"),
    )
    op.create_table(
        "push_subscriptions",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("endpoint_hash", sa.String(length=120), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.String(length=500), nullable=False),
        sa.Column("auth", sa.String(length=500), nullable=False),
        sa.Column("browser", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("endpoint_hash"),
    )
    with op.batch_alter_table("push_subscriptions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_push_subscriptions_user_id"), ["user_id"], unique=False
        )

    op.create_table(
        "callbacks",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("step_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("nonce", sa.String(length=120), nullable=False),
        sa.Column("token_hash", sa.String(length=120), nullable=False),
        sa.Column("early", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["workflow_instances.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["step_id"], ["workflow_instance_steps.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("step_id"),
        sa.UniqueConstraint("token_hash"),
    )
    with op.batch_alter_table("callbacks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_callbacks_instance_id"), ["instance_id"], unique=False)

    op.create_table(
        "inbox_messages",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("href", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["notification_deliveries.id"], ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("delivery_id"),
    )
    with op.batch_alter_table("inbox_messages", schema=None) as batch_op:
        batch_op.create_index("ix_inbox_messages_user", ["user_id", "read_at", "id"], unique=False)

    with op.batch_alter_table("automation_jobs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("destination", sa.String(length=500), nullable=True))
        batch_op.alter_column(
            "instance_id",
            existing_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        )

    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("round", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("reason", sa.Text(), nullable=True))

    with op.batch_alter_table("notification_deliveries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("dedupe", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("token", sa.String(length=40), nullable=True))
        batch_op.add_column(
            sa.Column(
                "user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.add_column(sa.Column("address", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("policy", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("provider_id", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("provider_status", sa.String(length=40), nullable=True))
        batch_op.add_column(
            sa.Column(
                "fallback_of", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.alter_column(
            "notice_id",
            existing_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        )
        batch_op.alter_column(
            "instance_id",
            existing_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        )
        batch_op.create_index(
            "ix_notification_deliveries_instance_id", ["instance_id"], unique=False
        )
        batch_op.create_index(
            "ix_notification_deliveries_provider_id", ["provider_id"], unique=False
        )
        batch_op.create_index("ix_notification_deliveries_state", ["state", "id"], unique=False)
        batch_op.create_index("ix_notification_deliveries_user_id", ["user_id", "id"], unique=False)
        batch_op.create_foreign_key(
            "fk_notification_deliveries_fallback_of",
            "notification_deliveries",
            ["fallback_of"],
            ["id"],
        )
        batch_op.create_foreign_key(
            "fk_notification_deliveries_user_id", "users", ["user_id"], ["id"], ondelete="SET NULL"
        )

    # What was delivered before each had a name of its own.
    op.execute(
        "UPDATE notification_deliveries SET dedupe = 'delivery:' || id, token = 'delivery-' || id"
    )
    with op.batch_alter_table("notification_deliveries", schema=None) as batch_op:
        batch_op.alter_column("dedupe", existing_type=sa.String(length=500), nullable=False)
        batch_op.alter_column("token", existing_type=sa.String(length=40), nullable=False)
        batch_op.create_index("uq_notification_deliveries_dedupe", ["dedupe"], unique=True)
        batch_op.create_index("uq_notification_deliveries_token", ["token"], unique=True)

    with op.batch_alter_table("notification_delivery_log", schema=None) as batch_op:
        batch_op.add_column(sa.Column("duration_ms", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("status_code", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("answer", sa.JSON(none_as_null=True), nullable=True))
        batch_op.drop_index(batch_op.f("ix_notification_delivery_log_delivery_id"))
        batch_op.create_index(
            "ix_notification_delivery_log_delivery", ["delivery_id", "attempt"], unique=False
        )

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("phone", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("channels_off", sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table("workflow_instance_steps", schema=None) as batch_op:
        batch_op.add_column(sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("workflow_instances", schema=None) as batch_op:
        batch_op.add_column(sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("workflow_template_versions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("notification_policies", sa.JSON(none_as_null=True), nullable=True)
        )
        batch_op.add_column(sa.Column("due_in", sa.String(length=40), nullable=True))


def downgrade():
    # Tests and whatever else has no instance can't be kept.
    op.execute("DELETE FROM automation_jobs WHERE instance_id IS NULL")
    op.execute(
        "DELETE FROM notification_delivery_log WHERE delivery_id IN (SELECT id FROM notification_deliveries WHERE notice_id IS NULL OR instance_id IS NULL)"
    )
    op.execute("DELETE FROM notification_deliveries WHERE notice_id IS NULL OR instance_id IS NULL")
    with op.batch_alter_table("workflow_template_versions", schema=None) as batch_op:
        batch_op.drop_column("due_in")
        batch_op.drop_column("notification_policies")

    with op.batch_alter_table("workflow_instances", schema=None) as batch_op:
        batch_op.drop_column("overdue_at")

    with op.batch_alter_table("workflow_instance_steps", schema=None) as batch_op:
        batch_op.drop_column("overdue_at")

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("channels_off")
        batch_op.drop_column("phone")

    with op.batch_alter_table("notification_delivery_log", schema=None) as batch_op:
        batch_op.drop_index("ix_notification_delivery_log_delivery")
        batch_op.create_index(
            batch_op.f("ix_notification_delivery_log_delivery_id"), ["delivery_id"], unique=False
        )
        batch_op.drop_column("answer")
        batch_op.drop_column("status_code")
        batch_op.drop_column("duration_ms")

    with op.batch_alter_table("notification_deliveries", schema=None) as batch_op:
        batch_op.drop_constraint("fk_notification_deliveries_fallback_of", type_="foreignkey")
        batch_op.drop_constraint("fk_notification_deliveries_user_id", type_="foreignkey")
        batch_op.drop_index("uq_notification_deliveries_token")
        batch_op.drop_index("uq_notification_deliveries_dedupe")
        batch_op.drop_index("ix_notification_deliveries_user_id")
        batch_op.drop_index("ix_notification_deliveries_state")
        batch_op.drop_index("ix_notification_deliveries_provider_id")
        batch_op.drop_index("ix_notification_deliveries_instance_id")
        batch_op.alter_column(
            "instance_id",
            existing_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        )
        batch_op.alter_column(
            "notice_id",
            existing_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        )
        batch_op.drop_column("fallback_of")
        batch_op.drop_column("provider_status")
        batch_op.drop_column("provider_id")
        batch_op.drop_column("next_attempt_at")
        batch_op.drop_column("attempts")
        batch_op.drop_column("policy")
        batch_op.drop_column("address")
        batch_op.drop_column("user_id")
        batch_op.drop_column("token")
        batch_op.drop_column("dedupe")

    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_column("reason")
        batch_op.drop_column("round")

    with op.batch_alter_table("automation_jobs", schema=None) as batch_op:
        batch_op.alter_column(
            "instance_id",
            existing_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        )
        batch_op.drop_column("destination")

    with op.batch_alter_table("inbox_messages", schema=None) as batch_op:
        batch_op.drop_index("ix_inbox_messages_user")

    op.drop_table("inbox_messages")
    with op.batch_alter_table("callbacks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_callbacks_instance_id"))

    op.drop_table("callbacks")
    with op.batch_alter_table("push_subscriptions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_push_subscriptions_user_id"))

    op.drop_table("push_subscriptions")
    op.drop_table("notification_template_versions")
    op.drop_table("notification_templates")
