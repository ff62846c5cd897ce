"""sessions, groups, and what people choose

Everybody signs in anew once: from now on a cookie belongs to a row of `sessions`.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-26 02:10:00

"""

import secrets

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade():
    _create_sessions()
    _create_groups()
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("time_zone", sa.String(length=120), nullable=True))
        batch_op.add_column(
            sa.Column("theme", sa.String(length=40), server_default="system", nullable=False)
        )
        batch_op.drop_column("session_epoch")
    with op.batch_alter_table("sign_in_links", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("purpose", sa.String(length=40), server_default="sign-in", nullable=False)
        )
        batch_op.add_column(sa.Column("created_by", sa.String(length=500), nullable=True))
    with op.batch_alter_table("api_tokens", schema=None) as batch_op:
        batch_op.add_column(sa.Column("created_by", sa.String(length=500), nullable=True))


def _create_sessions():
    op.create_table(
        "sessions",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("key_hash", sa.String(length=120), nullable=False),
        sa.Column("browser", sa.String(length=500), nullable=False),
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index("ix_sessions_user_id", ["user_id"], unique=False)


def _create_groups():
    op.create_table(
        "user_groups",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "group_members",
        sa.Column("group_id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["user_groups.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group_id", "user_id"),
    )
    with op.batch_alter_table("group_members", schema=None) as batch_op:
        batch_op.create_index("ix_group_members_user_id", ["user_id"], unique=False)


def downgrade():
    with op.batch_alter_table("api_tokens", schema=None) as batch_op:
        batch_op.drop_column("created_by")
    # Older code would sign people in with whatever link it finds.
    op.execute("DELETE FROM sign_in_links WHERE purpose <> 'sign-in'")
    with op.batch_alter_table("sign_in_links", schema=None) as batch_op:
        batch_op.drop_column("created_by")
        batch_op.drop_column("purpose")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("session_epoch", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.drop_column("theme")
        batch_op.drop_column("time_zone")
    # One that no cookie of before can have: who was signed out then stays so.
    users = sa.table("users", sa.column("session_epoch"))
    op.execute(users.update().values(session_epoch=10**9 + secrets.randbelow(10**9)))
    op.drop_table("group_members")
    op.drop_table("user_groups")
    op.drop_table("sessions")
